// One request to the API, and what every endpoint does with it.
#ifndef NIGHTLIGHT_PROMETHEUS_API_CALL_H_
#define NIGHTLIGHT_PROMETHEUS_API_CALL_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/engine.h"
#include "nightlight/listener.h"
#include "nightlight/progress.h"
#include "nightlight/storage.h"
#include "prometheus_api/form.h"
#include "prometheus_api/json_writer.h"

namespace nightlight::prometheus_api {

class LiveReaders;

struct Call {
  HttpRequest* request;
  HttpResponse* response;
  Form form;
  JsonWriter json;

  const CallContext* context() const { return request->context(); }
};

// What an endpoint talks to. The pointers outlive the API; those marked optional may be null.
struct Backend {
  Host* host = nullptr;
  Engine* engine = nullptr;
  Storage* storage = nullptr;
  ExemplarStorage* exemplars = nullptr;  // optional
  MetadataStorage* metadata = nullptr;   // optional
  StorageAdmin* admin = nullptr;         // optional
  LogReplay* replay = nullptr;           // optional
  HostStatus* status = nullptr;          // optional

  LiveReaders* live = nullptr;  // The API's own.

  bool admin_enabled = false;
  uint64_t max_live_readers = 16;
  uint64_t max_series_without_match = 10'000;
  int64_t lookback_ms = 300'000;  // Of /federate; queries have the engine's.
};

// Answers a request through call.json, or by hand through call.response. An Error becomes the answer's envelope.
using Endpoint = Result<void> (*)(const Backend& backend, Call& call);

// Collects text that is handed out in pieces.
class TextBuffer final : public TextSink {
 public:
  Status write(Str piece) noexcept override;
  std::string text;
};

// Collects strings.
class StringList final : public StringSink {
 public:
  Status add(View<Str> strings) noexcept override;
  void sort_unique();
  std::vector<std::string> list;
};

// A failing Status of another component as an Error: its code and the text that the host keeps.
Error error_of(Host* host, Status status);

// The value of the first field of this name among the instances of the config in force; "" when none has it.
std::string setting_in_force(const Backend& backend, std::string_view name);

// The head and the tail of a successful answer; `data` stands between.
void begin_success(JsonWriter& json);
void end_success(JsonWriter& json, const std::vector<std::string>& warnings,
                 const std::vector<std::string>& infos = {});

// Replaces the answer by an error: its envelope, with the status that Prometheus gives this kind. When a part has gone
// out already, cuts the connection.
void answer_error(Call& call, const Error& error);

// An answer that is not JSON. `text` is sent as it is.
void answer_text(HttpResponse* response, uint32_t status, std::string_view text,
                 std::string_view content_type = "text/plain; charset=utf-8");

inline constexpr char kTruncatedText[] = "results truncated due to limit";

// A 204.
void answer_nothing(Call& call);

// ---- selectors ----

// A list of matchers that owns its text.
class Selector {
 public:
  Selector() = default;
  Selector(Selector&&) = default;
  Selector& operator=(Selector&&) = default;

  void assign(View<const Matcher*> matchers);
  // Valid while this object is not assigned to; moving keeps it valid.
  View<const Matcher*> view() const { return View<const Matcher*>{pointers_.data(), pointers_.size()}; }
  // True when every matcher also takes the empty value, so that the selector would take everything.
  Result<bool> matches_everything() const;

 private:
  std::vector<Matcher> matchers_;
  std::vector<const Matcher*> pointers_;
  std::vector<std::string> texts_;
};

// Collects selectors.
class SelectorList final : public SelectorSink {
 public:
  Status add(View<const Matcher*> matchers) noexcept override;
  std::vector<Selector> list;
};

// The selectors of all `match[]` parameters. Each must have a matcher that the empty value does not satisfy, unless
// `allow_empty`.
Result<std::vector<Selector>> selectors_of(const Backend& backend, const std::vector<std::string_view>& texts,
                                           bool allow_empty = false);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_CALL_H_
