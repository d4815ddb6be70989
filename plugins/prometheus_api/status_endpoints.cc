#include <fstream>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>

#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/host_told.h"
#include "prometheus_api/parameters.h"

namespace nightlight::prometheus_api {
namespace {

// Members in the given order, as text.
template <class Members>
void write_texts(JsonWriter& json, const Members& members) {
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

using Members = std::initializer_list<std::pair<std::string_view, std::string>>;

// "15d or 10GiB", without what has no limit.
std::string retention_text(const Backend& backend) {
  std::string time = setting_in_force(backend, "retention"), size = setting_in_force(backend, "retention_size");
  if (time == "0s") time.clear();
  if (size == "0B") size.clear();
  return time.empty() || size.empty() ? time + size : time + " or " + size;
}

struct Replayed {
  int64_t first_segment = 0, last_segment = 0, damaged_records = 0;
};

// Zeros of a store without a log.
Replayed replayed_by(const Backend& backend) {
  uint64_t first_segment = 0, last_segment = 0, damaged_records = 0;
  if (backend.replay != nullptr) backend.replay->log_replay(&first_segment, &last_segment, &damaged_records);
  return {static_cast<int64_t>(first_segment), static_cast<int64_t>(last_segment),
          static_cast<int64_t>(damaged_records)};
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
  NIGHTLIGHT_ASSIGN(build, build_told(backend));
  begin_success(call.json);
  write_texts(call.json, Members{{"version", build["version"]},
                                 {"revision", build["revision"]},
                                 {"branch", build["branch"]},
                                 {"buildUser", build["buildUser"]},
                                 {"buildDate", build["buildDate"]},
                                 {"goVersion", build["compiler"]}});
  end_success(call.json, {});
  return {};
}

Result<void> status_config(const Backend& backend, Call& call) {
  TextBuffer yaml;
  if (backend.status != nullptr) {
    if (Status status = backend.status->config_yaml(&yaml); !status.ok()) return error_of(backend.host, status);
  }
  begin_success(call.json);
  write_texts(call.json, Members{{"yaml", yaml.text}});
  end_success(call.json, {});
  return {};
}

Result<void> status_flags(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(flags, flags_told(backend));
  begin_success(call.json);
  write_texts(call.json, flags);
  end_success(call.json, {});
  return {};
}

Result<void> status_runtime_info(const Backend& backend, Call& call) {
  NIGHTLIGHT_ASSIGN(runtime, runtime_told(backend));
  JsonWriter& json = call.json;
  begin_success(json);
  json.raw("{\"startTime\":");
  json.string(format_rfc3339(runtime.start_ms));
  json.raw(",\"CWD\":");
  json.string(runtime.directory);
  json.raw(",\"hostname\":");
  json.string(runtime.hostname);
  json.raw(",\"serverTime\":");
  json.string(format_rfc3339(backend.host->now_ms()));
  json.raw(",\"reloadConfigSuccess\":");
  json.raw(runtime.reload_ok ? "true" : "false");
  json.raw(",\"lastConfigTime\":");
  json.string(format_rfc3339(runtime.config_ms));
  // The keys of Go's runtime, for clients that read them: threads are what goroutines are there.
  json.raw(",\"corruptionCount\":");
  json.integer(replayed_by(backend).damaged_records);
  json.raw(",\"goroutineCount\":");
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

// Requests are answered only when the replay is over: the current segment is the last one.
Result<void> status_wal_replay(const Backend& backend, Call& call) {
  const Replayed replayed = replayed_by(backend);
  begin_success(call.json);
  call.json.raw("{\"min\":");
  call.json.integer(replayed.first_segment);
  call.json.raw(",\"max\":");
  call.json.integer(replayed.last_segment);
  call.json.raw(",\"current\":");
  call.json.integer(replayed.last_segment);
  call.json.raw("}");
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
