// The search API: names and values that fit what somebody types, as lines of JSON.
#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "model/labels.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/metadata_list.h"
#include "prometheus_api/parameters.h"
#include "prometheus_api/search_score.h"

namespace nightlight::prometheus_api {
namespace {

constexpr size_t kMaxTerms = 32;
constexpr int64_t kDefaultLimit = 100, kMaxLimit = 10'000, kMaxBatch = 1000;
constexpr int64_t kDefaultRangeMs = 3'600'000;

Error bad_data(std::string message) { return Error{Code::kInvalidArgument, std::move(message)}; }

struct Search {
  int64_t start_ms = 0, end_ms = 0;
  std::vector<Selector> selectors;
  std::vector<std::string_view> terms;
  int64_t fuzz_threshold = 0;
  FuzzyAlgorithm algorithm = FuzzyAlgorithm::kSubsequence;
  bool case_sensitive = true, include_score = false, include_metadata = false;
  std::string_view sort_by, sort_dir;
  int64_t limit = kDefaultLimit, batch_size = kDefaultLimit;
};

struct Hit {
  std::string text;
  double score;
};

Result<bool> bool_parameter(const Form& form, std::string_view name, bool default_value) {
  std::string_view text = form.first(name);
  if (text.empty()) return default_value;
  auto value = parse_bool(text);
  if (!value) return bad_data("invalid " + std::string(name) + " " + quote(text) + ": must be boolean");
  return *value;
}

Result<void> read_time_range(const Backend& backend, const Call& call, Search& out) {
  int64_t now_ms = backend.host->now_ms();
  for (auto [name, default_ms, into] :
       {std::tuple{"start", now_ms - kDefaultRangeMs, &out.start_ms}, std::tuple{"end", now_ms, &out.end_ms}}) {
    std::string_view text = call.form.first(name);
    *into = default_ms;
    if (text.empty()) continue;
    auto time = parse_time(text);
    if (!time.ok()) return bad_data("invalid time value for '" + std::string(name) + "': " + time.error().message);
    *into = time->ms;
  }
  if (out.end_ms < out.start_ms) return bad_data("end timestamp must not be before start timestamp");
  return {};
}

Result<void> read_order(const Form& form, Search& out) {
  out.sort_by = form.first("sort_by");
  out.sort_dir = form.first("sort_dir");
  if (!out.sort_dir.empty() && out.sort_by.empty()) return bad_data("sort_dir is only valid when sort_by is set");
  if (!out.sort_dir.empty() && out.sort_by == "score") return bad_data("sort_dir is not supported for sort_by=score");
  if (out.sort_dir.empty()) out.sort_dir = "asc";
  if (out.sort_dir != "asc" && out.sort_dir != "dsc") {
    return bad_data("invalid sort_dir " + quote(out.sort_dir) + ": must be \"asc\" or \"dsc\"");
  }
  if (out.sort_by == "score" && out.terms.empty()) return bad_data("sort_by=score requires search[] to be set");
  return {};
}

Result<void> read_sizes(const Form& form, Search& out) {
  for (auto [name, into] : {std::pair{"limit", &out.limit}, std::pair{"batch_size", &out.batch_size}}) {
    std::string_view text = form.first(name);
    if (text.empty()) continue;
    auto number = parse_int(text);
    if (!number.ok() || *number <= 0) {
      return bad_data("invalid " + std::string(name) + " " + quote(text) + ": must be a positive integer");
    }
    *into = *number;
  }
  if (out.limit > kMaxLimit) {
    return bad_data("limit " + std::to_string(out.limit) + " exceeds the configured maximum (" +
                    std::to_string(kMaxLimit) + ", see --web.search.max-limit)");
  }
  out.batch_size = std::min({out.batch_size, out.limit, kMaxBatch});
  return {};
}

Result<Search> read_search(const Backend& backend, const Call& call, std::string_view endpoint) {
  const Form& form = call.form;
  if (!form.error().empty()) return bad_data("error parsing form values: " + form.error());
  Search out;
  NIGHTLIGHT_TRY(read_time_range(backend, call, out));
  NIGHTLIGHT_ASSIGN(selectors, selectors_of(backend, form.all("match[]")));
  out.selectors = std::move(selectors);
  out.terms = form.all("search[]");
  if (out.terms.size() > kMaxTerms) {
    return bad_data("too many search[] terms: got " + std::to_string(out.terms.size()) + ", maximum is " +
                    std::to_string(kMaxTerms));
  }
  if (std::string_view text = form.first("fuzz_threshold"); !text.empty()) {
    auto number = parse_int(text);
    if (!number.ok() || *number < 0 || *number > 100)
      return bad_data("invalid fuzz_threshold " + quote(text) + ": must be 0-100");
    out.fuzz_threshold = *number;
  }
  if (std::string_view text = form.first("fuzz_alg"); !text.empty() && text != "subsequence") {
    if (text != "jarowinkler") {
      return bad_data("unsupported fuzz_alg " + quote(text) + ": must be one of [subsequence jarowinkler]");
    }
    out.algorithm = FuzzyAlgorithm::kJaroWinkler;
  }
  NIGHTLIGHT_ASSIGN(case_sensitive, bool_parameter(form, "case_sensitive", true));
  NIGHTLIGHT_ASSIGN(include_score, bool_parameter(form, "include_score", false));
  out.case_sensitive = case_sensitive;
  out.include_score = include_score;
  NIGHTLIGHT_TRY(read_order(form, out));
  NIGHTLIGHT_TRY(read_sizes(form, out));
  if (!out.sort_by.empty() && out.sort_by != "alpha" && out.sort_by != "score") {
    return bad_data("invalid sort_by " + quote(out.sort_by) + " for " + std::string(endpoint) +
                    ": must be \"alpha\" or \"score\"");
  }
  return out;
}

// What fits, in the order that was asked for; not yet cut to the limit.
template <class Ask>
Result<std::vector<Hit>> find(const Backend& backend, const Call& call, const Search& search, Ask ask) {
  StringList strings;
  for (size_t i = 0; i < std::max<size_t>(search.selectors.size(), 1); ++i) {
    LabelQuery query{};
    query.struct_size = sizeof query;
    query.context = call.context();
    if (!search.selectors.empty()) query.matchers = search.selectors[i].view();
    query.start_ms = search.start_ms;
    query.end_ms = search.end_ms;
    if (Status status = ask(&query, &strings); !status.ok()) return error_of(backend.host, status);
  }
  strings.sort_unique();
  SearchFilter filter(search.terms, static_cast<double>(search.fuzz_threshold) / 100.0, search.algorithm,
                      search.case_sensitive);
  std::vector<Hit> hits;
  for (std::string& text : strings.list) {
    if (auto score = filter.score(text)) hits.push_back({std::move(text), *score});
  }
  if (search.sort_by == "score") {
    std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.score > b.score; });
  } else if (search.sort_dir == "dsc") {
    std::reverse(hits.begin(), hits.end());
  }
  return hits;
}

using Families = std::map<std::string, std::vector<MetadataEntry>>;

// The metadata of a series' family: of that very name, or of the name without a suffix that the family's type has.
const MetadataEntry* describe(const Families& families, const std::string& name) {
  if (auto found = families.find(name); found != families.end()) return &found->second.front();
  size_t underscore = name.rfind('_');
  if (underscore == std::string::npos) return nullptr;
  auto found = families.find(name.substr(0, underscore));
  if (found == families.end()) return nullptr;
  std::string_view suffix = std::string_view(name).substr(underscore);
  for (const MetadataEntry& entry : found->second) {
    MetricKind kind = entry.kind;
    bool buckets = kind == MetricKind::kHistogram || kind == MetricKind::kGaugeHistogram;
    bool fits = (suffix == "_total" && kind == MetricKind::kCounter) || (suffix == "_bucket" && buckets) ||
                ((suffix == "_sum" || suffix == "_count") && (buckets || kind == MetricKind::kSummary)) ||
                ((suffix == "_gsum" || suffix == "_gcount") && kind == MetricKind::kGaugeHistogram) ||
                (suffix == "_info" && kind == MetricKind::kInfo);
    if (fits) return &entry;
  }
  return nullptr;
}

void write_hit(JsonWriter& json, std::string_view key, const Hit& hit, const Search& search, const Families& families) {
  json.raw("{\"");
  json.raw(key);
  json.raw("\":");
  json.string(hit.text);
  if (search.include_score) {
    json.raw(",\"score\":");
    json.number(hit.score);
  }
  const MetadataEntry* entry = search.include_metadata ? describe(families, hit.text) : nullptr;
  if (entry != nullptr) {
    for (auto [name, text] : {std::pair<std::string_view, std::string_view>{"type", name_of(entry->kind)},
                              {"help", entry->help},
                              {"unit", entry->unit}}) {
      if (text.empty()) continue;
      json.raw(",\"");
      json.raw(name);
      json.raw("\":");
      json.string(text);
    }
  }
  json.raw("}");
}

Result<void> answer_hits(const Backend& backend, Call& call, const Search& search, std::string_view key,
                         const std::vector<Hit>& hits) {
  Families families;
  if (search.include_metadata) {
    MetadataList all;
    NIGHTLIGHT_TRY(read_metadata(backend, call.context(), "", &all));
    for (MetadataEntry& entry : all.list) families[entry.family].push_back(entry);
  }
  JsonWriter& json = call.json;
  json.set_content_type("application/x-ndjson; charset=utf-8");
  auto shown = std::min(hits.size(), static_cast<size_t>(search.limit));
  auto batch = static_cast<size_t>(search.batch_size);
  for (size_t at = 0; at == 0 || at < shown; at += batch) {
    json.raw("{\"results\":[");
    for (size_t i = at; i < std::min(at + batch, shown); ++i) {
      if (i != at) json.raw(",");
      write_hit(json, key, hits[i], search, families);
    }
    json.raw("]}\n");
  }
  json.raw(hits.size() > shown ? "{\"status\":\"success\",\"has_more\":true}\n"
                               : "{\"status\":\"success\",\"has_more\":false}\n");
  (void)json.finish();
  return {};
}

}  // namespace

Result<void> search_metric_names(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(search, read_search(backend, call, "metric_names"));
  NIGHTLIGHT_ASSIGN(include_metadata, bool_parameter(call.form, "include_metadata", false));
  search.include_metadata = include_metadata;
  NIGHTLIGHT_ASSIGN(hits, find(backend, call, search, [&](const LabelQuery* query, StringSink* out) {
                      return backend.storage->label_values(str(kMetricNameLabel), query, out);
                    }));
  return answer_hits(backend, call, search, "name", hits);
}

Result<void> search_label_names(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(search, read_search(backend, call, "label_names"));
  NIGHTLIGHT_ASSIGN(hits, find(backend, call, search, [&](const LabelQuery* query, StringSink* out) {
                      return backend.storage->label_names(query, out);
                    }));
  return answer_hits(backend, call, search, "name", hits);
}

Result<void> search_label_values(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(search, read_search(backend, call, "label_values"));
  std::string_view label = call.form.first("label");
  if (label.empty()) return bad_data("missing required parameter \"label\"");
  NIGHTLIGHT_ASSIGN(hits, find(backend, call, search, [&](const LabelQuery* query, StringSink* out) {
                      return backend.storage->label_values(str(label), query, out);
                    }));
  return answer_hits(backend, call, search, "value", hits);
}

}  // namespace nightlight::prometheus_api
