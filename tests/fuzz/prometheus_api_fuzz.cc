// Requests to the Prometheus API, behind the listener: a route, a method, parameters in the URL and in a form. Whatever
// they are, the answer is one of the statuses that the API documents, and well-formed.
#include <nlohmann/json.hpp>

#include "fakes/http.h"
#include "fuzz/choices.h"
#include "fuzz/query_world.h"
#include "prometheus_api/api.h"
#include "unit/prometheus_api/fake_store.h"

namespace {

using namespace nightlight;
using namespace nightlight::prometheus_api;
using fuzz::Choices;
using fuzz::require;

class Admin final : public StorageAdmin {
 public:
  Status cardinality_json(const CallContext*, uint64_t, TextSink* out) noexcept override {
    return out->write(str("{}"));
  }
  Status blocks_json(const CallContext*, TextSink* out) noexcept override { return out->write(str("[]")); }
  Status delete_series(const Select*) noexcept override { return kOkStatus; }
  Status clean_tombstones(const CallContext*) noexcept override { return kOkStatus; }
  Status snapshot(const CallContext*, uint32_t, TextSink* name) noexcept override { return name->write(str("x")); }
};

class HostTold final : public HostStatus {
 public:
  Status config_yaml(TextSink* out) noexcept override { return out->write(str("instances: {}\n")); }
  Status build_json(TextSink* out) noexcept override {
    return out->write(
        str(R"({"version":"1","revision":"r","branch":"b","buildUser":"","buildDate":"","compiler":"c"})"));
  }
  Status runtime_json(TextSink* out) noexcept override {
    return out->write(str(R"({"startTimeMs":0,"reloadConfigSuccess":false,"lastConfigTimeMs":0,"reloadFailedMs":5,)"
                          R"("phase":"stopping","phaseSinceMs":6,"cwd":"/","hostname":"h"})"));
  }
  Status flags_json(TextSink* out) noexcept override { return out->write(str(R"({"storage.retention_days":"15"})")); }
  Status metrics_text(TextSink* out) noexcept override {
    return out->write(
        str("# HELP up Here.\n# TYPE up gauge\nup{a=\"b\"} 1\n# HELP took_s Time.\n# TYPE took_s histogram\n"
            "took_s_bucket{le=\"1\"} 1\ntook_s_bucket{le=\"+Inf\"} 2\ntook_s_sum 3\ntook_s_count 2\n"));
  }
  Status ready() noexcept override { return kOkStatus; }
  Status reload() noexcept override { return kOkStatus; }
  Status quit() noexcept override { return kOkStatus; }
};

struct World : fuzz::QueryWorld {
  World() {
    fill();
    Backend backend;
    backend.host = &host;
    backend.engine = &engine();
    backend.storage = &storage;
    backend.admin = &admin;
    backend.admin_enabled = true;
    backend.status = &status;
    api = std::make_unique<Api>(backend);
    require(api->add_routes(&listener).ok());
  }
  Admin admin;
  HostTold status;
  fakes::FakeListener listener;
  std::unique_ptr<Api> api;
};

std::string escaped(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::string value(Choices& choices) {
  switch (choices.below(6)) {
    case 0:
      return escaped(choices.of(fuzz::kQueries));
    case 1:
      return choices.of({"60", "0", "-1", "1e18", "300.5", "1970-01-01T00:02:00Z", "1970-01-01T00:02:00.5%2B01:00",
                         "NaN", "Inf", "-292273086-05-16T16:47:06Z", "0x1p4", "9223372036854775807"});
    case 2:
      return choices.of({"15s", "1m30s", "1ms", "0s", "-5m", "1", "0.001", "1e9", "100y", "5x"});
    case 3:
      return choices.of({"true", "all", "false", "job", "alpha", "score", "asc", "dsc", "jarowinkler", "drop", "alert",
                         "10", "100", "U__a_", ""});
    case 4:
      return escaped(choices.raw(20));
    default:
      return choices.raw(20);
  }
}

// name=value&...: of the parameters that the route has, or of any.
std::string form(Choices& choices, std::string_view parameters) {
  std::string out;
  for (size_t i = choices.below(7); i > 0; --i) {
    std::string name = choices.raw(6);
    if (size_t words = static_cast<size_t>(std::count(parameters.begin(), parameters.end(), ' ')) + 1; name.empty()) {
      std::string_view rest = parameters;
      for (size_t skip = choices.below(words); skip > 0; --skip) rest.remove_prefix(rest.find(' ') + 1);
      name = std::string(rest.substr(0, rest.find_first_of(" !")));
    }
    if (!out.empty()) out += '&';
    out += name + "=" + value(choices);
  }
  return out;
}

void check(const fakes::FakeResponse& response) {
  require(!response.aborted_);
  auto type = response.headers_.find("Content-Type");
  if (type != response.headers_.end() && type->second == "application/json") {
    auto answer = nlohmann::json::parse(response.body_, nullptr, false);
    require(answer.is_object());
    require(answer["status"] == (response.status_ == 200 ? "success" : "error"));
    if (response.status_ != 200) require(!answer["error"].get<std::string>().empty());
  }
  if (type != response.headers_.end() && type->second == "text/event-stream" && response.status_ == 200) {
    require(response.body_.substr(0, 6) == "data: " && response.body_.substr(response.body_.size() - 2) == "\n\n");
  }
  switch (response.status_) {
    case 200:
    case 204:
    case 400:
    case 422:
    case 503:
      return;
    default:
      std::fprintf(stderr, "%u %s\n", response.status_, response.body_.c_str());
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  Choices choices(data, size);
  const RouteSpec& spec = route_table()[choices.below(route_table().size)];
  fakes::FakeRequest request;
  constexpr HttpMethod kMethods[] = {kGet, kPost, kPut, kOptions};
  request.method_ = kMethods[choices.below(std::size(kMethods))];
  if ((spec.methods & request.method_) == 0) request.method_ = (spec.methods & kGet) != 0 ? kGet : kPost;
  request.path_ = std::string(spec.path);
  // Streams end when their reader leaves.
  static constexpr uint32_t kGone = 1;
  if (spec.answer == kEvents) request.context_.cancelled = &kGone;
  request.query_ = form(choices, spec.parameters);
  request.parameters_["name"] =
      choices.one_in(2) ? choices.raw(12) : choices.of({"job", "__name__", "U__a_20_b", "U__"});
  if (request.method_ != kGet) {
    request.headers_["Content-Type"] = choices.of(
        {"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded ; charset=utf-8", "text/plain", ""});
    request.body_ = choices.one_in(4) ? choices.raw(60) : form(choices, spec.parameters);
  }
  if (choices.one_in(8)) request.headers_["X-Prometheus-Use-Start-Timestamps"] = choices.of({"true", "0", "x"});
  fakes::FakeResponse response;
  world.listener.routes.at(request.path_).handler->handle(&request, &response);
  check(response);
  return 0;
}
