#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

// What the host says of itself, as parsed JSON; an empty object when it does not.
template <class Ask>
Result<nlohmann::json> ask_host(const Backend& backend, Ask ask) {
  if (backend.status == nullptr) return nlohmann::json::object();
  TextBuffer out;
  if (Status status = ask(&out); !status.ok()) return error_of(backend.host, status);
  nlohmann::json parsed = nlohmann::json::parse(out.text, nullptr, false);
  if (!parsed.is_object()) return Error{Code::kInternal, "the host's status is not a JSON object"};
  return parsed;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Members in the given order, as text.
void write_texts(JsonWriter& json, std::initializer_list<std::pair<std::string_view, std::string>> members) {
  json.raw("{");
  bool first = true;
  for (const auto& [key, value] : members) {
    if (!first) json.raw(",");
    first = false;
    json.string(key);
    json.raw(":");
    json.string(value);
  }
  json.raw("}");
}

// "2026-11-24T17:24:42.815Z"
std::string format_rfc3339(int64_t time_ms) {
  time_t seconds = static_cast<time_t>(time_ms / 1000);
  int64_t fraction = time_ms % 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  if (fraction != 0) {
    std::string digits = std::to_string(1000 + fraction).substr(1);
    while (digits.back() == '0') digits.pop_back();
    out += "." + digits;
  }
  return out + "Z";
}

// "15d or 10GiB", without what has no limit.
std::string retention_text(const Backend& backend) {
  std::string time = setting_in_force(backend, "retention"), size = setting_in_force(backend, "retention_size");
  if (time == "0s") time.clear();
  if (size == "0B") size.clear();
  return time.empty() || size.empty() ? time + size : time + " or " + size;
}

int64_t thread_count() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("Threads:", 0) == 0) return std::atoll(line.c_str() + 8);
  }
  return 0;
}

}  // namespace

Result<void> status_build_info(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(build, ask_host(backend, [&](TextSink* out) { return backend.status->build_json(out); }));
  begin_success(call.json);
  write_texts(call.json, {{"version", text_of(build, "version")},
                          {"revision", text_of(build, "revision")},
                          {"branch", text_of(build, "branch")},
                          {"buildUser", text_of(build, "buildUser")},
                          {"buildDate", text_of(build, "buildDate")},
                          {"goVersion", text_of(build, "compiler")}});
  end_success(call.json, {});
  return {};
}

Result<void> status_config(const Backend& backend, Call& call) {
  TextBuffer yaml;
  if (backend.status != nullptr) {
    if (Status status = backend.status->config_yaml(&yaml); !status.ok()) return error_of(backend.host, status);
  }
  begin_success(call.json);
  write_texts(call.json, {{"yaml", yaml.text}});
  end_success(call.json, {});
  return {};
}

Result<void> status_flags(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(flags, ask_host(backend, [&](TextSink* out) { return backend.status->flags_json(out); }));
  begin_success(call.json);
  call.json.raw("{");
  bool first = true;
  for (const auto& [key, value] : flags.items()) {
    if (!first) call.json.raw(",");
    first = false;
    call.json.string(key);
    call.json.raw(":");
    call.json.string(value.is_string() ? value.template get<std::string>() : value.dump());
  }
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

Result<void> status_runtime_info(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(runtime, ask_host(backend, [&](TextSink* out) { return backend.status->runtime_json(out); }));
  JsonWriter& json = call.json;
  begin_success(json);
  json.raw("{\"startTime\":");
  json.string(format_rfc3339(runtime.value("startTimeMs", int64_t{0})));
  json.raw(",\"CWD\":");
  json.string(text_of(runtime, "cwd"));
  json.raw(",\"hostname\":");
  json.string(text_of(runtime, "hostname"));
  json.raw(",\"serverTime\":");
  json.string(format_rfc3339(backend.host->now_ms()));
  json.raw(",\"reloadConfigSuccess\":");
  json.raw(runtime.value("reloadConfigSuccess", true) ? "true" : "false");
  json.raw(",\"lastConfigTime\":");
  json.string(format_rfc3339(runtime.value("lastConfigTimeMs", int64_t{0})));
  // The keys of Go's runtime, for clients that read them: threads are what goroutines are there.
  json.raw(",\"corruptionCount\":0,\"goroutineCount\":");
  json.integer(thread_count());
  json.raw(",\"GOMAXPROCS\":");
  json.integer(std::thread::hardware_concurrency());
  json.raw(",\"GOMEMLIMIT\":9223372036854775807,\"GOGC\":\"\",\"GODEBUG\":\"\",\"storageRetention\":");
  json.string(retention_text(backend));
  json.raw("}");
  end_success(json, {});
  return {};
}

Result<void> status_tsdb(const Backend& backend, Call& call) {
  uint64_t limit = 10;
  if (std::string_view text = call.form.first("limit"); !text.empty()) {
    auto number = parse_int(text);
    if (!number.ok() || *number < 1) return Error{Code::kInvalidArgument, "limit must be a positive number"};
    if (*number > 10'000) return Error{Code::kInvalidArgument, "limit must not exceed 10000"};
    limit = static_cast<uint64_t>(*number);
  }
  if (backend.admin == nullptr) return Error{Code::kUnimplemented, "the storage keeps no such statistics"};
  TextBuffer out;
  if (Status status = backend.admin->cardinality_json(call.context(), limit, &out); !status.ok()) {
    return error_of(backend.host, status);
  }
  begin_success(call.json);
  call.json.raw(out.text);
  end_success(call.json, {});
  return {};
}

Result<void> status_tsdb_blocks(const Backend& backend, Call& call) {
  if (backend.admin == nullptr) return Error{Code::kUnimplemented, "the storage has no blocks"};
  TextBuffer out;
  if (Status status = backend.admin->blocks_json(call.context(), &out); !status.ok()) {
    return error_of(backend.host, status);
  }
  begin_success(call.json);
  call.json.raw("{\"blocks\":");
  call.json.raw(out.text);
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

// Requests are answered only when the replay is over, so there is never one to report.
Result<void> status_wal_replay(const Backend&, Call& call) {
  begin_success(call.json);
  call.json.raw(R"({"min":0,"max":0,"current":0})");
  end_success(call.json, {});
  return {};
}

// The server's notices are on /-/ready and in its log; the list that the web interface asks for is empty.
Result<void> notifications(const Backend&, Call& call) {
  begin_success(call.json);
  call.json.raw("[]");
  end_success(call.json, {});
  return {};
}

// 204 tells an event source that there is no stream and that it need not come again.
Result<void> notifications_live(const Backend&, Call& call) {
  answer_nothing(call);
  return {};
}

}  // namespace nightlight::prometheus_api
