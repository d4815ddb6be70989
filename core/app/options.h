// The command line, parsed.
#ifndef NIGHTLIGHT_APP_OPTIONS_H_
#define NIGHTLIGHT_APP_OPTIONS_H_

#include <string>
#include <vector>

#include "runtime/load.h"

namespace nightlight::app {

struct Options {
  std::string config_path;             // "": config.yaml here, then /etc/nightlight/nightlight.yaml
  std::vector<std::string> overrides;  // --set, and what --log-level and --log-format mean
  bool dev = false;
};

constexpr int kExitOk = 0, kExitFailed = 1, kExitUsage = 2;

// Where plugins come from, what components the host itself has, and the config's path.
runtime::LoadOptions load_options(const Options& options);

// Loads the config; tells every problem on standard error.
bool load_config(const runtime::LoadOptions& options, runtime::Loaded* out);

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_OPTIONS_H_
