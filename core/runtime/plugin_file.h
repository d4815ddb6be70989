// Shared libraries: which file a plugin's name means, whether it may be trusted, and its description once it is loaded.
//
// Code in this process has all of its rights, so a file is opened only if nobody but root and the service's own user
// could have put it there. Loaded code stays mapped until the process ends.
#ifndef NIGHTLIGHT_RUNTIME_PLUGIN_FILE_H_
#define NIGHTLIGHT_RUNTIME_PLUGIN_FILE_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "nightlight/component.h"

namespace nightlight::runtime {

// The plugins of this project: what is loaded when the config does not say.
inline constexpr const char* kOwnPlugins[] = {"gorilla",     "promql_std",     "remote_write",
                                              "remote_read", "prometheus_api", "grpc_api"};

struct PluginFile {
  std::string name;  // "gorilla"
  std::string path;  // Real path, no links in it.
};

// Looks for NAME.so in the directories, in their order. kNotFound says where it was looked for.
Result<PluginFile> find_plugin(const std::string& name, const std::vector<std::string>& directories);
// The names of all plugins there, sorted. Presence runs nothing.
std::vector<PluginFile> list_plugins(const std::vector<std::string>& directories);

// kPermissionDenied unless the file and every directory above belong to root or to the effective user, and are not
// writable by group or others (directories with the sticky bit are fine: nobody can replace what another owns there).
Result<void> check_trust(const std::string& real_path);

// kPermissionDenied unless the file's SHA-256 is `expected` (hexadecimal).
Result<void> check_sha256(const std::string& path, const std::string& expected);

// Opens the library and asks for its description, which lives as long as the process. Every error names the file, what
// was found and what to do.
Result<const Plugin*> load_plugin(const std::string& path);

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_PLUGIN_FILE_H_
