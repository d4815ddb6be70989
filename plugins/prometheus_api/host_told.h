// What the host says of itself, read from its JSON. Without a host that says it, everything is empty.
#ifndef NIGHTLIGHT_PROMETHEUS_API_HOST_TOLD_H_
#define NIGHTLIGHT_PROMETHEUS_API_HOST_TOLD_H_

#include <map>
#include <string>

#include "base/result.h"
#include "prometheus_api/call.h"

namespace nightlight::prometheus_api {

using Texts = std::map<std::string, std::string>;

Result<Texts> build_told(const Backend& backend);
Result<Texts> flags_told(const Backend& backend);

struct RuntimeTold {
  int64_t start_ms = 0, config_ms = 0;
  bool reload_ok = true;
  int64_t reload_failed_ms = 0;  // 0: not known, or the last one was applied.
  std::string phase;             // "starting", "running" or "stopping"; "" of a host that does not say.
  int64_t phase_since_ms = 0;
  std::string directory, hostname;
};
Result<RuntimeTold> runtime_told(const Backend& backend);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_HOST_TOLD_H_
