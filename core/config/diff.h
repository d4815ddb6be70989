// What a new config changes against the one in force, and whether that can be done without a restart.
#ifndef NIGHTLIGHT_CONFIG_DIFF_H_
#define NIGHTLIGHT_CONFIG_DIFF_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace nightlight::config {

struct Changes {
  std::vector<std::string> reloadable;    // Paths such as "instances.store.retention" and "log.level".
  std::vector<std::string> need_restart;  // "instances.api (added)", "instances.http.listen", "host.threads"
};

Changes compare(const CheckedConfig& before, const CheckedConfig& after);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_DIFF_H_
