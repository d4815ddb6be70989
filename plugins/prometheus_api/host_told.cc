#include "prometheus_api/host_told.h"

#include <nlohmann/json.hpp>

namespace nightlight::prometheus_api {
namespace {

Result<nlohmann::json> ask_host(const Backend& backend, Status (HostStatus::*ask)(TextSink*) noexcept) {
  if (backend.status == nullptr) return nlohmann::json::object();
  TextBuffer out;
  if (Status status = (backend.status->*ask)(&out); !status.ok()) return error_of(backend.host, status);
  nlohmann::json parsed = nlohmann::json::parse(out.text, nullptr, false);
  if (!parsed.is_object()) return Error{Code::kInternal, "the host's status is not a JSON object"};
  return parsed;
}

Texts texts_of(const nlohmann::json& object) {
  Texts out;
  for (const auto& [key, value] : object.items()) {
    out.emplace(key, value.is_string() ? value.template get<std::string>() : value.dump());
  }
  return out;
}

}  // namespace

Result<Texts> build_told(const Backend& backend) {
  NIGHTLIGHT_ASSIGN(build, ask_host(backend, &HostStatus::build_json));
  return texts_of(build);
}

Result<Texts> flags_told(const Backend& backend) {
  NIGHTLIGHT_ASSIGN(flags, ask_host(backend, &HostStatus::flags_json));
  return texts_of(flags);
}

Result<RuntimeTold> runtime_told(const Backend& backend) {
  NIGHTLIGHT_ASSIGN(json, ask_host(backend, &HostStatus::runtime_json));
  auto text = [&](const char* key) { return json.value(key, std::string()); };
  auto time = [&](const char* key) { return json.value(key, int64_t{0}); };
  RuntimeTold told;
  told.start_ms = time("startTimeMs");
  told.config_ms = time("lastConfigTimeMs");
  told.reload_ok = json.value("reloadConfigSuccess", true);
  told.reload_failed_ms = time("reloadFailedMs");
  told.phase = text("phase");
  told.phase_since_ms = time("phaseSinceMs");
  told.directory = text("cwd");
  told.hostname = text("hostname");
  return told;
}

}  // namespace nightlight::prometheus_api
