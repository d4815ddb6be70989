#include "prometheus_api/call.h"

#include <algorithm>
#include <new>

#include "model/matcher.h"
#include "nightlight/sugar.h"

namespace nightlight::prometheus_api {
namespace {

constexpr size_t kMaxNotes = 10;

struct ErrorKind {
  std::string_view type;
  uint32_t status;
};

// The one place where codes become HTTP.
ErrorKind kind_of(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return {"bad_data", 400};
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      return {"execution", 422};
    case Code::kCancelled:
      return {"canceled", 499};
    case Code::kDeadlineExceeded:
      return {"timeout", 503};
    case Code::kNotFound:
      return {"not_found", 404};
    case Code::kUnimplemented:
    case Code::kPermissionDenied:
      return {"unavailable", 500};  // As Prometheus answers for what is switched off.
    case Code::kUnavailable:
      return {"unavailable", 503};
    default:
      return {"internal", 500};
  }
}

void write_notes(JsonWriter& json, std::string_view key, std::string_view word, const std::vector<std::string>& notes) {
  if (notes.empty()) return;
  json.raw(",\"");
  json.raw(key);
  json.raw("\":[");
  size_t shown = std::min(notes.size(), kMaxNotes);
  for (size_t i = 0; i < shown; ++i) {
    if (i != 0) json.raw(",");
    json.string(notes[i]);
  }
  if (notes.size() > shown) {
    json.raw(",");
    json.string(std::to_string(notes.size() - shown) + " more " + std::string(word) + " annotations omitted");
  }
  json.raw("]");
}

// Runs what may run out of memory.
template <class Body>
Status collect(Body body) noexcept {
  try {
    body();
    return kOkStatus;
  } catch (const std::bad_alloc&) {
    return Status{Code::kResourceExhausted, 0};
  }
}

}  // namespace

Status TextBuffer::write(Str piece) noexcept {
  return collect([&] { text.append(view(piece)); });
}

Status StringList::add(View<Str> strings) noexcept {
  return collect([&] {
    for (Str string : strings) list.emplace_back(view(string));
  });
}

void StringList::sort_unique() {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

Status SelectorList::add(View<const Matcher*> matchers) noexcept {
  return collect([&] { list.emplace_back().assign(matchers); });
}

Error error_of(Host* host, Status status) { return Error{status.code, std::string(view(host->last_error()))}; }

std::string setting_in_force(const Backend& backend, std::string_view name) {
  TextBuffer config;
  if (backend.status == nullptr || !backend.status->config_yaml(&config).ok()) return {};
  // Fields of instances are the third level, each on a line.
  const std::string before = "\n    " + std::string(name) + ": ";
  size_t at = config.text.find(before, config.text.find("\ninstances:\n"));
  if (at == std::string::npos) return {};
  at += before.size();
  return config.text.substr(at, config.text.find('\n', at) - at);
}

void begin_success(JsonWriter& json) { json.raw("{\"status\":\"success\",\"data\":"); }

void end_success(JsonWriter& json, const std::vector<std::string>& warnings, const std::vector<std::string>& infos) {
  write_notes(json, "warnings", "warning", warnings);
  write_notes(json, "infos", "info", infos);
  json.raw("}");
  (void)json.finish();  // When the client has gone, nobody is left to tell.
}

void answer_error(Call& call, const Error& error) {
  if (call.json.started()) {
    call.response->abort();
    return;
  }
  ErrorKind kind = kind_of(error.code);
  call.json.discard();
  call.json.set_content_type("application/json");
  call.json.set_status(kind.status);
  call.json.raw("{\"status\":\"error\",\"errorType\":");
  call.json.string(kind.type);
  call.json.raw(",\"error\":");
  call.json.string(error.message);
  call.json.raw("}");
  (void)call.json.finish();
}

void answer_text(HttpResponse* response, uint32_t status, std::string_view text, std::string_view content_type) {
  response->set_status(status);
  response->set_header(str("Content-Type"), str(content_type));
  response->set_content_length(text.size());
  (void)response->write(str(text));
}

void answer_nothing(Call& call) { call.response->set_status(204); }

void Selector::assign(View<const Matcher*> matchers) {
  texts_.clear();
  texts_.reserve(2 * matchers.size);  // Views into the strings must stay.
  matchers_.clear();
  pointers_.clear();
  for (const Matcher* from : matchers) {
    texts_.emplace_back(nightlight::view(from->name));
    texts_.emplace_back(nightlight::view(from->value));
    Matcher matcher{};
    matcher.struct_size = sizeof matcher;
    matcher.op = from->op;
    matcher.name = str(texts_[texts_.size() - 2]);
    matcher.value = str(texts_.back());
    matchers_.push_back(matcher);
  }
  for (const Matcher& matcher : matchers_) pointers_.push_back(&matcher);
}

Result<bool> Selector::matches_everything() const {
  for (const Matcher& matcher : matchers_) {
    NIGHTLIGHT_ASSIGN(compiled, LabelMatcher::compile(matcher));
    if (!compiled.matches_empty()) return false;
  }
  return true;
}

Result<std::vector<Selector>> selectors_of(const Backend& backend, const std::vector<std::string_view>& texts,
                                           bool allow_empty) {
  SelectorList selectors;
  for (std::string_view text : texts) {
    if (Status status = backend.engine->parse_selector(str(text), &selectors); !status.ok()) {
      return error_of(backend.host, status);
    }
  }
  for (const Selector& selector : selectors.list) {
    if (allow_empty) break;
    NIGHTLIGHT_ASSIGN(everything, selector.matches_everything());
    if (everything) return Error{Code::kInvalidArgument, "match[] must contain at least one non-empty matcher"};
  }
  return std::move(selectors.list);
}

}  // namespace nightlight::prometheus_api
