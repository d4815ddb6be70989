#include <algorithm>

#include "base/utf8.h"
#include "model/labels.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

constexpr std::string_view kEscapedPrefix = "U__";

// What labels, values and series are asked with.
struct MetadataRequest {
  uint64_t limit = 0;
  int64_t start_ms = 0, end_ms = 0;
  std::vector<Selector> selectors;

  // One more than the limit tells whether there are more.
  uint64_t asked() const { return limit == 0 || limit == UINT64_MAX ? limit : limit + 1; }
};

Result<MetadataRequest> read_range(const Call& call) {
  MetadataRequest out;
  NIGHTLIGHT_ASSIGN(limit, limit_parameter(call.form));
  NIGHTLIGHT_ASSIGN(start, time_parameter(call.form, "start", kMinTimeMs));
  NIGHTLIGHT_ASSIGN(end, time_parameter(call.form, "end", kMaxTimeMs));
  out.limit = limit;
  out.start_ms = start.ms;
  out.end_ms = end.ms;
  return out;
}

void write_strings(JsonWriter& json, const std::vector<std::string>& strings, size_t count) {
  json.raw("[");
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) json.raw(",");
    json.string(strings[i]);
  }
  json.raw("]");
}

// Label names, or the values of one label, of the union of the selectors.
template <class Ask>
Result<void> answer_strings(const Backend& backend, Call& call, const MetadataRequest& request, Ask ask) {
  StringList strings;
  size_t asked = std::max<size_t>(request.selectors.size(), 1);
  for (size_t i = 0; i < asked; ++i) {
    LabelQuery query{};
    query.struct_size = sizeof query;
    query.context = call.context();
    if (!request.selectors.empty()) query.matchers = request.selectors[i].view();
    query.start_ms = request.start_ms;
    query.end_ms = request.end_ms;
    query.limit = request.asked();
    if (Status status = ask(&query, &strings); !status.ok()) return error_of(backend.host, status);
  }
  if (asked > 1) strings.sort_unique();
  bool truncated = request.limit != 0 && strings.list.size() > request.limit;
  begin_success(call.json);
  write_strings(call.json, strings.list, truncated ? static_cast<size_t>(request.limit) : strings.list.size());
  end_success(call.json, truncated ? std::vector<std::string>{kTruncatedText} : std::vector<std::string>{});
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// Undoes the "values" escaping of names: U__ before it, __ for _, _hex_ for other characters. A name that is not so
// escaped stays as it is.
std::string unescaped_name(std::string_view name) {
  if (name.substr(0, kEscapedPrefix.size()) != kEscapedPrefix) return std::string(name);
  std::string out;
  std::string_view rest = name.substr(kEscapedPrefix.size());
  while (!rest.empty()) {
    if (rest[0] != '_') {
      out += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    rest.remove_prefix(1);
    if (!rest.empty() && rest[0] == '_') {
      out += '_';
      rest.remove_prefix(1);
      continue;
    }
    uint32_t code = 0;
    size_t digits = 0;
    while (digits < rest.size() && digits < 6 && hex_digit(rest[digits]) >= 0) {
      code = code * 16 + static_cast<uint32_t>(hex_digit(rest[digits++]));
    }
    bool character = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (digits >= rest.size() || rest[digits] != '_' || !character) return std::string(name);
    append_utf8(out, code);
    rest.remove_prefix(digits + 1);
  }
  return out;
}

// ---- series ----

// A selected set, and where its next series stands.
struct SelectedSet {
  Owned<SeriesSet> set;
  View<Str> symbols{};
  uint64_t next = 0;

  bool ended() const { return next == set->size(); }
  void labels(std::vector<LabelPair>& out) const {
    out.clear();
    for (LabelRef ref : set->labels(next)) out.push_back({symbols[ref.name], symbols[ref.value]});
  }
};

Result<SelectedSet> select_labels(const Backend& backend, const Call& call, const MetadataRequest& request,
                                  View<const Matcher*> matchers, bool sorted) {
  Select select{};
  select.struct_size = sizeof select;
  select.flags = kLabelsOnly | (sorted ? kSortedByLabels : 0u);
  select.context = call.context();
  select.matchers = matchers;
  select.start_ms = request.start_ms;
  select.end_ms = request.end_ms;
  select.function = str("series");
  select.limit = request.asked();
  SeriesSet* set = nullptr;
  if (Status status = backend.storage->select(&select, &set); !status.ok()) return error_of(backend.host, status);
  SelectedSet out{Owned<SeriesSet>(set)};
  out.symbols = set->symbols();
  return out;
}

// The set whose next series comes first, with that series' labels; null at the end. Equal series of other sets are
// passed.
SelectedSet* pop_first(std::vector<SelectedSet>& sets, std::vector<LabelPair>& labels) {
  std::vector<LabelPair> candidate;
  SelectedSet* first = nullptr;
  for (SelectedSet& set : sets) {
    if (set.ended()) continue;
    set.labels(candidate);
    int order = first == nullptr ? -1 : compare_labels(view_of(candidate), view_of(labels));
    if (order == 0) ++set.next;
    if (order >= 0) continue;
    first = &set;
    labels.swap(candidate);
  }
  if (first != nullptr) ++first->next;
  return first;
}

}  // namespace

Result<void> labels(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(request, read_range(call));
  NIGHTLIGHT_ASSIGN(selectors, selectors_of(backend, call.form.all("match[]")));
  request.selectors = std::move(selectors);
  return answer_strings(backend, call, request, [&](const LabelQuery* query, StringSink* out) {
    return backend.storage->label_names(query, out);
  });
}

Result<void> label_values(const Backend& backend, Call& call) {
  std::string name = unescaped_name(view(call.request->path_parameter(str("name"))));
  if (name.empty() || !is_utf8(name)) return Error{Code::kInvalidArgument, "invalid label name: " + quote(name)};
  NIGHTLIGHT_ASSIGN(request, read_range(call));
  NIGHTLIGHT_ASSIGN(selectors, selectors_of(backend, call.form.all("match[]")));
  request.selectors = std::move(selectors);
  return answer_strings(backend, call, request, [&](const LabelQuery* query, StringSink* out) {
    return backend.storage->label_values(str(name), query, out);
  });
}

Result<void> series(const Backend& backend, Call& call) {
  if (!call.form.error().empty()) {
    return Error{Code::kInvalidArgument, "error parsing form values: " + call.form.error()};
  }
  std::vector<std::string_view> matches = call.form.all("match[]");
  NIGHTLIGHT_ASSIGN(request, read_range(call));
  // Clients of older versions ask for everything by giving no match[].
  if (matches.empty() && !call.form.has("limit")) request.limit = backend.max_series_without_match;
  auto selectors = selectors_of(backend, matches);
  if (!selectors.ok()) {
    Error error = std::move(selectors).error();
    if (error.code == Code::kInvalidArgument) return invalid_parameter("match[]", error.message);
    return error;
  }

  std::vector<SelectedSet> sets;
  bool merge = selectors->size() > 1;
  for (const Selector& selector : *selectors) {
    NIGHTLIGHT_ASSIGN(set, select_labels(backend, call, request, selector.view(), merge));
    sets.push_back(std::move(set));
  }
  if (matches.empty()) {
    NIGHTLIGHT_ASSIGN(set, select_labels(backend, call, request, View<const Matcher*>{nullptr, 0}, false));
    sets.push_back(std::move(set));
  }

  std::vector<std::string> warnings;
  for (SelectedSet& set : sets) {
    for (Str warning : set.set->warnings()) warnings.emplace_back(view(warning));
  }
  begin_success(call.json);
  call.json.raw("[");
  std::vector<LabelPair> row;
  for (uint64_t count = 0; pop_first(sets, row) != nullptr; ++count) {
    if (request.limit != 0 && count == request.limit) {
      warnings.emplace_back(kTruncatedText);
      break;
    }
    if (count != 0) call.json.raw(",");
    call.json.labels(view_of(row));
    if (!call.json.status().ok()) return Error{Code::kCancelled, "the client has gone"};
  }
  call.json.raw("]");
  end_success(call.json, warnings);
  return {};
}

}  // namespace nightlight::prometheus_api
