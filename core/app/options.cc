#include "app/options.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/build.h"
#include "app/host_api.h"
#include "config/problems.h"
#include "net/components.h"
#include "promql/component.h"

namespace nightlight::app {
namespace {

constexpr const char* kDefaultPaths[] = {"config.yaml", "/etc/nightlight/nightlight.yaml"};

std::string default_path() {
  for (const char* path : kDefaultPaths) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path;
  }
  return kDefaultPaths[0];
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

runtime::LoadOptions load_options(const Options& options) {
  runtime::LoadOptions out;
  out.config_path = options.config_path.empty() ? default_path() : options.config_path;
  out.overrides = options.overrides;
  out.core = {host_api_component(), &promql::component()};
  for (const Component* component : net::net_components()) out.core.push_back(component);
  out.plugin_directory = installed_plugin_directory();
  const char* dev_path = std::getenv("NIGHTLIGHT_PLUGIN_PATH");
  if (options.dev && dev_path != nullptr) out.dev_directories = split(dev_path, ':');
  return out;
}

bool load_config(const runtime::LoadOptions& options, runtime::Loaded* out) {
  config::Problems problems;
  *out = runtime::load(options, &problems);
  for (const std::string& line : problems.lines()) std::cerr << line << "\n";
  if (!out->absent.empty()) {
    std::cerr << "not installed, left out: " << config::join(out->absent) << " (looked in "
              << config::join(runtime::search_directories(options, &out->config.settings)) << ")\n";
  }
  return problems.empty();
}

}  // namespace nightlight::app
