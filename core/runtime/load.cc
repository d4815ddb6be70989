#include "runtime/load.h"

#include <algorithm>
#include <filesystem>

#include "config/datum.h"

namespace nightlight::runtime {
namespace {

constexpr size_t kMaxConfigBytes = 4 << 20;

std::vector<std::string> texts(const config::CheckedField& field) {
  std::vector<std::string> out;
  for (const config::Datum& item : field.value.items) out.push_back(item.text);
  return out;
}

bool is_dev_file(const LoadOptions& options, const std::string& path) {
  return std::any_of(options.dev_directories.begin(), options.dev_directories.end(), [&](const std::string& directory) {
    std::error_code error;
    auto real = std::filesystem::canonical(directory, error);
    return !error && path.starts_with(real.string() + "/");
  });
}

std::string pin_of(const config::HostSettings& settings, const std::string& name) {
  const config::Datum& pins = config::field_of(settings.plugins, "sha256").value;
  for (size_t i = 0; i < pins.keys.size(); ++i) {
    if (pins.keys[i] == name) return pins.items[i].text;
  }
  return "";
}

Result<LoadedPlugin> load_named(const LoadOptions& options, const std::string& name,
                                const std::vector<std::string>& directories, const std::string& sha256) {
  for (const LoadedPlugin& plugin : options.loaded) {
    if (plugin.file.name == name) return plugin;
  }
  NIGHTLIGHT_ASSIGN(file, find_plugin(name, directories));
  return load_trusted(options, file, sha256);
}

void load_plugins(const LoadOptions& options, Loaded* out, config::Problems* problems) {
  const config::HostSettings& settings = out->config.settings;
  std::vector<std::string> directories = search_directories(options, &settings);
  const config::CheckedField& load_field = config::field_of(settings.plugins, "load");
  std::vector<std::string> names = texts(load_field);
  bool listed = load_field.given;
  if (!listed) names.assign(std::begin(kOwnPlugins), std::end(kOwnPlugins));
  for (size_t i = 0; i < names.size(); ++i) {
    config::Mark mark = i < load_field.item_marks.size() ? load_field.item_marks[i] : load_field.mark;
    std::string path = listed ? "plugins.load[" + std::to_string(i) + "]" : "plugins.load";
    auto loaded = load_named(options, names[i], directories, pin_of(settings, names[i]));
    if (!loaded.ok()) {
      if (!listed && loaded.error().code == Code::kNotFound) {
        out->absent.push_back(names[i]);
      } else {
        problems->add(mark, path, loaded.error().message);
      }
      continue;
    }
    for (const Component* component : loaded->plugin->components) {
      auto added = out->components.add(component, names[i]);
      if (!added.ok()) problems->add(mark, path, loaded->file.path + ": " + added.error().message);
    }
    out->plugins.push_back(std::move(loaded).value());
  }
}

}  // namespace

std::vector<std::string> search_directories(const LoadOptions& options, const config::HostSettings* settings) {
  std::vector<std::string> out = options.dev_directories;
  if (settings != nullptr) {
    for (std::string& directory : texts(config::field_of(settings->plugins, "search")))
      out.push_back(std::move(directory));
  }
  if (settings == nullptr || !config::field_of(settings->plugins, "search").given)
    out.push_back(options.plugin_directory);
  return out;
}

Result<LoadedPlugin> load_trusted(const LoadOptions& options, const PluginFile& file, const std::string& sha256) {
  if (!is_dev_file(options, file.path)) NIGHTLIGHT_TRY(check_trust(file.path));
  if (!sha256.empty()) NIGHTLIGHT_TRY(check_sha256(file.path, sha256));
  NIGHTLIGHT_ASSIGN(plugin, load_plugin(file.path));
  return LoadedPlugin{file, plugin};
}

Loaded load(const LoadOptions& options, config::Problems* problems) {
  Loaded out;
  for (const Component* component : options.core) {
    auto added = out.components.add(component, "core");
    NIGHTLIGHT_CHECK(added.ok(), added.error().message.c_str());
  }
  auto text = config::read_small_file(options.config_path, kMaxConfigBytes);
  if (!text.ok()) {
    problems->add({}, "", text.error().message);
    return out;
  }
  out.document = config::read_document(*text, options.config_path, options.overrides, problems);
  config::Surroundings surroundings = config::real_surroundings();
  config::Problems told_by_check;
  out.config.settings = config::check_host_settings(out.document, surroundings, &told_by_check);
  load_plugins(options, &out, problems);
  out.config = config::check(out.document, out.components, surroundings, problems);
  return out;
}

}  // namespace nightlight::runtime
