#include "runtime/plugin_file.h"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "config/components.h"
#include "config/problems.h"
#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

namespace fs = std::filesystem;

Error refused(const std::string& path, const std::string& why) {
  return Error{Code::kFailedPrecondition, path + ": " + why};
}

bool is_plugin_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<std::string> real_path(const std::string& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return Error{Code::kNotFound, path + ": " + error.message()};
  return real.string();
}

Result<void> check_owner(const std::string& path, bool directory) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Error{Code::kNotFound, path + ": " + std::strerror(errno)};
  auto denied = [&](const std::string& why) {
    return Error{Code::kPermissionDenied, path + ": not trusted with code: " + why};
  };
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return denied("it belongs to user " + std::to_string(status.st_uid) +
                  ", make root or this service's user its owner");
  }
  bool open_to_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (open_to_others && !(directory && (status.st_mode & S_ISVTX) != 0)) {
    return denied("its group or others may write to it, run: chmod go-w " + path);
  }
  return {};
}

// A library that is made for another version of the contract exports another symbol.
std::string other_version(void* library) {
  constexpr int kNewestImaginable = 9;
  for (int major = 1; major <= kNewestImaginable; ++major) {
    std::string symbol = "nightlight_plugin_v" + std::to_string(major);
    if (::dlsym(library, symbol.c_str()) != nullptr) return "v" + std::to_string(major);
  }
  return "";
}

Result<void> check_plugin(const std::string& path, const Plugin* plugin) {
  if (plugin == nullptr) return refused(path, "its entry point returned nothing, report this to its author");
  std::string minor = std::to_string(plugin->sdk_minor);
  // Before 1.0 every minor may change the contract. The struct's size is known to be right only once the minor is.
  if (plugin->sdk_minor != NIGHTLIGHT_SDK_MINOR) {
    std::string ours = std::to_string(NIGHTLIGHT_SDK_MINOR);
    return refused(path, "built for plugin interface 0." + minor + ", this host speaks 0." + ours +
                             ", rebuild it with nightlight-plugin 0." + ours);
  }
  if (plugin->struct_size < sizeof(Plugin))
    return refused(path, "its description is shorter than interface 0." + minor + " has it");
  if (plugin->components.empty()) return refused(path, "it has no components");
  config::Components alone;
  for (const Component* component : plugin->components) {
    if (auto added = alone.add(component, view(plugin->name)); !added.ok()) {
      return refused(path, added.error().message + ", report this to its author");
    }
  }
  return {};
}

}  // namespace

Result<PluginFile> find_plugin(const std::string& name, const std::vector<std::string>& directories) {
  if (!is_plugin_name(name)) {
    return Error{Code::kInvalidArgument, "plugin \"" + name + "\": a name has small letters, digits, _ and - only"};
  }
  for (const std::string& directory : directories) {
    auto inside = real_path(directory);
    if (!inside.ok()) continue;
    std::string path = *inside + "/" + name + ".so";
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    NIGHTLIGHT_ASSIGN(real, real_path(path));
    if (!real.starts_with(*inside + "/")) {
      return Error{Code::kPermissionDenied,
                   path + ": leads to " + real + ", outside of the search directory, put the file itself there"};
    }
    return PluginFile{name, real};
  }
  std::vector<std::string> there;
  for (const PluginFile& file : list_plugins(directories)) there.push_back(file.name);
  return Error{Code::kNotFound, "plugin \"" + name + "\": no " + name + ".so in " + config::join(directories) +
                                    config::did_you_mean(name, there)};
}

std::vector<PluginFile> list_plugins(const std::vector<std::string>& directories) {
  std::map<std::string, std::string> found;
  for (const std::string& directory : directories) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      std::string name = entry.path().stem().string();
      if (entry.path().extension() == ".so" && is_plugin_name(name)) found.try_emplace(name, entry.path().string());
    }
  }
  std::vector<PluginFile> out;
  for (auto& [name, path] : found) {
    auto real = real_path(path);
    out.push_back(PluginFile{name, real.ok() ? *real : path});
  }
  return out;
}

Result<void> check_trust(const std::string& path) {
  NIGHTLIGHT_TRY(check_owner(path, false));
  for (fs::path above = fs::path(path).parent_path();; above = above.parent_path()) {
    NIGHTLIGHT_TRY(check_owner(above.string(), true));
    if (above == above.root_path()) return {};
  }
}

Result<void> check_sha256(const std::string& path, const std::string& expected) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::kNotFound, path + ": cannot be opened"};
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  char buffer[64 << 10];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0)
    engine.update(buffer, static_cast<size_t>(file.gcount()));
  std::string found = Poco::DigestEngine::digestToHex(engine.digest());
  std::string wanted = expected;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (found == wanted) return {};
  return Error{Code::kPermissionDenied, path + ": its SHA-256 is " + found + ", plugins.sha256 says " + wanted +
                                            ", reinstall the plugin or correct the sum"};
}

Result<const Plugin*> load_plugin(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return refused(path, std::string("cannot be loaded: ") + (why != nullptr ? why : "unknown error"));
  }
  void* symbol = ::dlsym(library, kPluginEntrySymbol);
  if (symbol == nullptr) {
    std::string version = other_version(library);
    if (!version.empty()) {
      return refused(path, "built for plugin interface " + version +
                               ", this host speaks v0, rebuild it with nightlight-plugin 0." +
                               std::to_string(NIGHTLIGHT_SDK_MINOR));
    }
    return refused(path, std::string("not a Nightlight plugin: it does not export ") + kPluginEntrySymbol);
  }
  PluginEntry entry;
  std::memcpy(&entry, &symbol, sizeof entry);
  const Plugin* plugin = entry();
  NIGHTLIGHT_TRY(check_plugin(path, plugin));
  return plugin;
}

}  // namespace nightlight::runtime
