// The program `nightlight`.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "app/commands.h"
#include "app/options.h"
#include "app/serve.h"
#include "app/storage_command.h"

namespace nightlight::app {
namespace {

constexpr const char* kExamples = R"(
Examples:
  nightlight --config nightlight.yaml          serve
  nightlight check nightlight.yaml             tell every mistake of a config with its line and column
  nightlight print-config --config FILE        what is in force, and where each value came from
  nightlight --set storage.retention_days=30   override one key
  nightlight plugins list                      the plugins that are installed
Signals: SIGTERM and SIGINT stop gracefully, SIGHUP reloads the config.)";

constexpr const char* kStorageExamples = R"(
Examples:
  nightlight storage inspect /var/lib/nightlight        blocks: times, series, samples, bytes, codecs
  nightlight storage stats --json /var/lib/nightlight   bytes a sample by codec and part, cardinality
  nightlight storage verify /var/lib/nightlight         exit status 1, file and offset of each damage
  nightlight storage repair /var/lib/nightlight         moves damaged files to quarantine/, keeps what is sound
The server that uses the directory must be stopped. Exit status: 0 sound, 1 damaged or failed, 2 misuse.)";

// The options that may stand before or behind every subcommand.
void add_common(CLI::App* app, Options* options) {
  app->add_option("--config", options->config_path,
                  "Config file (default: config.yaml here, then /etc/nightlight/nightlight.yaml)");
  app->add_option("--set", options->overrides, "Overrides a key: --set storage.retention_days=30")
      ->allow_extra_args(false);
  app->add_flag("--dev", options->dev, "Take plugins from NIGHTLIGHT_PLUGIN_PATH, whoever may write there");
  auto shorthand = [&](const std::string& name, const std::string& key, const std::string& doc) {
    app->add_option_function<std::string>(
        name, [options, key](const std::string& value) { options->overrides.push_back(key + "=" + value); }, doc);
  };
  shorthand("--log-level", "log.level", "debug, info, warn or error");
  shorthand("--log-format", "log.format", "logfmt or json");
}

int run(int argc, char** argv) {
  Options options;
  std::string output = "text", name, file;
  bool json = false, markdown = false;
  int status = kExitOk;

  CLI::App app("Nightlight, a time-series database that speaks Prometheus", "nightlight");
  app.footer(kExamples);
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_common(&app, &options);

  auto command = [&](CLI::App* parent, const char* word, const char* doc, auto action) {
    CLI::App* sub = parent->add_subcommand(word, doc);
    sub->fallthrough();
    sub->callback([&status, action] { status = action(); });
    return sub;
  };
  command(&app, "serve", "Run the server (the default)", [&] { return serve(options, argv); });
  CLI::App* check = command(&app, "check", "Check a config file", [&] { return check_config(options); });
  check->add_option("FILE", options.config_path, "Config file");
  command(&app, "print-config", "Print the config in force, with the origin of each value",
          [&] { return print_config(options); });
  command(&app, "graph", "Print the graph of instances for Graphviz (dot)", [&] { return print_graph(options); });
  CLI::App* plugins = app.add_subcommand("plugins", "List, describe or check plugins");
  plugins->fallthrough();
  plugins->require_subcommand(1);
  command(plugins, "list", "The plugins that are there", [&] {
    return list_plugins(options, json);
  })->add_flag("--json", json, "As JSON");
  CLI::App* inspect = command(plugins, "inspect", "What a plugin provides, needs and can be configured with",
                              [&] { return inspect_plugin(options, name, json, markdown); });
  inspect->add_option("NAME", name, "Plugin")->required();
  inspect->add_flag("--json", json, "As JSON");
  inspect->add_flag("--markdown", markdown, "As Markdown");
  command(plugins, "check", "Load a plugin in a child process and take it through a life",
          [&] { return check_plugin(file); })
      ->add_option("FILE", file, "FILE.so")
      ->required();
  CLI::App* probe = command(&app, kProbeCommand, "", [&] { return probe_plugin(file); });
  probe->group("")->add_option("FILE", file)->required();  // No group: not in the help.
  StorageCommand storage_command;
  CLI::App* storage = app.add_subcommand("storage", "Inspect, verify or repair a data directory that no server uses");
  storage->footer(kStorageExamples);
  storage->fallthrough();
  storage->require_subcommand(1);
  auto storage_work = [&](const char* word, const char* doc, OfflineWork work) {
    CLI::App* sub = command(storage, word, doc, [&options, &storage_command, work] {
      return run_storage_command(options, storage_command, work);
    });
    sub->footer(kStorageExamples);
    sub->add_option("DIR", storage_command.directory, "Data directory")->required();
    sub->add_flag("--json", storage_command.json, "Report as JSON");
    sub->add_option("--plugin", storage_command.plugin, "Plugin of the store whose directory it is (default: gorilla)");
  };
  storage_work("inspect", "What is in it", OfflineWork::kInspect);
  storage_work("stats", "Where the bytes go, and how many series there are of what", OfflineWork::kStats);
  storage_work("verify", "Read and check every byte", OfflineWork::kVerify);
  storage_work("repair", "Move what is damaged to quarantine, so that a server starts with the rest",
               OfflineWork::kRepair);
  command(&app, "config-schema", "Print a JSON Schema of config files", [&] { return print_schema(options); });
  command(&app, "config-docs", "Print the documentation of every config key as Markdown",
          [&] { return print_docs(options); });
  command(&app, "version", "Print the version", [&] { return print_version(output); })
      ->add_option("-o,--output", output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kExitOk : kExitUsage;
  }
  if (app.get_subcommands().empty()) return serve(options, argv);
  return status;
}

}  // namespace
}  // namespace nightlight::app

int main(int argc, char** argv) {
  try {
    return nightlight::app::run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "nightlight: " << e.what() << "\n";
    return nightlight::app::kExitFailed;
  }
}
