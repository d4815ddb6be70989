// The subcommands other than serve. Data goes to standard output, talk to standard error; each returns the exit status.
#ifndef NIGHTLIGHT_APP_COMMANDS_H_
#define NIGHTLIGHT_APP_COMMANDS_H_

#include <string>

#include "app/options.h"

namespace nightlight::app {

// Reads and checks the config, and configures every instance without starting one.
int check_config(const Options& options);
int print_config(const Options& options);
int print_graph(const Options& options);
int print_version(const std::string& output);

// A JSON Schema of config files, and documentation of every key, from the field tables of all plugins that are there.
int print_schema(const Options& options);
int print_docs(const Options& options);

// Plugins are opened in a child process, so that one that crashes is a line of output.
int list_plugins(const Options& options, bool json);
int inspect_plugin(const Options& options, const std::string& name, bool json, bool markdown);
int check_plugin(const std::string& file);

// What the child process does: the plugin's description as JSON on standard output.
inline constexpr const char* kProbeCommand = "probe-plugin";
int probe_plugin(const std::string& file);

}  // namespace nightlight::app

#endif  // NIGHTLIGHT_APP_COMMANDS_H_
