#include "app/commands.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/build.h"
#include "config/print.h"
#include "config/schema.h"
#include "runtime/server.h"

namespace nightlight::app {
namespace {

// The components of the host and of every plugin that is there; what cannot be loaded is told and left out.
config::Components all_components(const Options& options) {
  runtime::LoadOptions load = load_options(options);
  config::Components out;
  for (const Component* component : load.core) (void)out.add(component, "core");
  for (const runtime::PluginFile& file : runtime::list_plugins(runtime::search_directories(load, nullptr))) {
    auto loaded = runtime::load_trusted(load, file, "");
    if (!loaded.ok()) {
      std::cerr << loaded.error().message << "\n";
      continue;
    }
    for (const Component* component : loaded->plugin->components) {
      if (auto added = out.add(component, file.name); !added.ok())
        std::cerr << file.path << ": " << added.error().message << "\n";
    }
  }
  return out;
}

}  // namespace

int check_config(const Options& options) {
  runtime::LoadOptions load = load_options(options);
  runtime::Loaded loaded;
  if (!load_config(load, &loaded)) return kExitFailed;
  runtime::Log log;
  log.set_level(LogLevel::kError);
  runtime::Server server(load, std::move(loaded), build(), &log);
  if (auto done = server.configure(); !done.ok()) {
    std::cerr << done.error().message << "\n";
    return kExitFailed;
  }
  std::cout << load.config_path << ": ok\n";
  return kExitOk;
}

int print_config(const Options& options) {
  runtime::Loaded loaded;
  if (!load_config(load_options(options), &loaded)) return kExitFailed;
  std::cout << config::print_effective(loaded.config, config::Origins::kShown);
  return kExitOk;
}

int print_graph(const Options& options) {
  runtime::Loaded loaded;
  if (!load_config(load_options(options), &loaded)) return kExitFailed;
  std::cout << config::print_dot(loaded.config);
  return kExitOk;
}

int print_version(const std::string& output) {
  runtime::Build built = build();
  std::string interface = std::to_string(NIGHTLIGHT_SDK_MAJOR) + "." + std::to_string(NIGHTLIGHT_SDK_MINOR);
  if (output == "json") {
    nlohmann::ordered_json json = {{"version", built.version},
                                   {"revision", built.revision},
                                   {"branch", built.branch},
                                   {"buildDate", built.date},
                                   {"compiler", built.compiler},
                                   {"pluginInterface", interface},
                                   {"pluginDirectory", installed_plugin_directory()}};
    std::cout << json.dump(2) << "\n";
    return kExitOk;
  }
  std::cout << "nightlight " << built.version << "\n"
            << "  revision:          " << built.revision << (built.date.empty() ? "" : " (" + built.date + ")") << "\n"
            << "  branch:            " << built.branch << "\n"
            << "  compiler:          " << built.compiler << "\n"
            << "  plugin interface:  " << interface << "\n"
            << "  plugin directory:  " << installed_plugin_directory() << "\n";
  return kExitOk;
}

int print_schema(const Options& options) {
  std::cout << config::json_schema(all_components(options));
  return kExitOk;
}

int print_docs(const Options& options) {
  std::cout << config::markdown(all_components(options));
  return kExitOk;
}

}  // namespace nightlight::app
