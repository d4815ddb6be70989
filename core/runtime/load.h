// From a config file to something that can be run: the file is read, its plugins are loaded, and the whole is checked.
#ifndef NIGHTLIGHT_RUNTIME_LOAD_H_
#define NIGHTLIGHT_RUNTIME_LOAD_H_

#include <string>
#include <vector>

#include "config/config.h"
#include "runtime/plugin_file.h"

namespace nightlight::runtime {

struct LoadedPlugin {
  PluginFile file;
  const Plugin* plugin = nullptr;
};

struct LoadOptions {
  std::string config_path;
  std::vector<std::string> overrides;  // "key.path=value"
  std::vector<const Component*> core;  // The components of the host itself.
  std::string plugin_directory;        // Of the installation.
  // --dev: plugins are taken from these directories first, whoever may write to them.
  std::vector<std::string> dev_directories;
  // Used in place of files of these names: what this process has loaded already.
  std::vector<LoadedPlugin> loaded;
};

struct Loaded {
  config::Document document;
  config::CheckedConfig config;
  config::Components components;
  std::vector<LoadedPlugin> plugins;
  std::vector<std::string> absent;  // Plugins of this project that the config did not list and that are not installed.
};

// `problems` gets whatever is wrong; the result may be used only if there is nothing.
Loaded load(const LoadOptions& options, config::Problems* problems);

// Where plugins are looked for under a config (null: none was given).
std::vector<std::string> search_directories(const LoadOptions& options, const config::HostSettings* settings);

// Checks who may write to the file and its SHA-256 (unless that is ""), then loads it.
Result<LoadedPlugin> load_trusted(const LoadOptions& options, const PluginFile& file, const std::string& sha256);

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_LOAD_H_
