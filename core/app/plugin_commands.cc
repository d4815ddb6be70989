#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "config/datum.h"
#include "config/schema.h"
#include "nightlight/sugar.h"
#include "runtime/probe.h"
#include "runtime/server.h"

namespace nightlight::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kProbeTimeout{10};

std::string text_of(Str text) { return std::string(view(text)); }

Json list_of(View<Str> texts) {
  Json out = Json::array();
  for (Str text : texts) out.push_back(text_of(text));
  return out;
}

const char* stability_name(Stability stability) {
  switch (stability) {
    case Stability::kDevelopment:
      return "development";
    case Stability::kAlpha:
      return "alpha";
    case Stability::kBeta:
      return "beta";
    case Stability::kStable:
      return "stable";
  }
  return "unknown";
}

Json describe(const ConfigField& field) {
  Json out = {{"name", text_of(field.name)}, {"type", std::string(config::type_name(field.type))}};
  if (field.type == FieldType::kList) out["itemType"] = std::string(config::type_name(field.item_type));
  out["required"] = (field.flags & kRequired) != 0;
  out["reloadable"] = (field.flags & kReloadable) != 0;
  if (field.default_value.size > 0) out["default"] = text_of(field.default_value);
  if (field.interface_id.size > 0) out["needs"] = text_of(field.interface_id);
  if (!field.choices.empty()) out["choices"] = list_of(field.choices);
  out["doc"] = text_of(field.doc);
  return out;
}

Json describe(const Component& component) {
  Json fields = Json::array();
  for (const ConfigField* field : component.fields) fields.push_back(describe(*field));
  return Json{{"type", text_of(component.type)},
              {"summary", text_of(component.summary)},
              {"stability", stability_name(component.stability)},
              {"provides", list_of(component.provides)},
              {"requiresHost", list_of(component.requires_host)},
              {"fields", std::move(fields)},
              {"fieldsMarkdown", config::markdown_fields(component.fields)}};
}

Json describe(const Plugin& plugin) {
  Json components = Json::array();
  for (const Component* component : plugin.components) components.push_back(describe(*component));
  return Json{{"name", text_of(plugin.name)},       {"version", text_of(plugin.version)},
              {"license", text_of(plugin.license)}, {"url", text_of(plugin.url)},
              {"build", text_of(plugin.build)},     {"components", std::move(components)}};
}

// Opens the file in a child process and returns its description.
Result<Json> probe(const std::string& path) {
  auto output = runtime::run_child("/proc/self/exe", {kProbeCommand, path}, kProbeTimeout);
  if (!output.ok()) {
    std::string text = output.error().message;
    return Error{output.error().code, text.starts_with(path) ? text : path + ": " + text};
  }
  Json json = Json::parse(*output, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return Error{Code::kInternal, path + ": its probe did not answer JSON"};
  return json;
}

bool is_dev_file(const runtime::LoadOptions& load, const std::string& path) {
  for (const runtime::PluginFile& file : runtime::list_plugins(load.dev_directories)) {
    if (file.path == path) return true;
  }
  return false;
}

Result<Json> probe_trusted(const runtime::LoadOptions& load, const runtime::PluginFile& file) {
  if (!is_dev_file(load, file.path)) NIGHTLIGHT_TRY(runtime::check_trust(file.path));
  return probe(file.path);
}

std::string component_types(const Json& plugin) {
  std::string out;
  for (const Json& component : plugin["components"]) {
    out += (out.empty() ? "" : ", ") + component["type"].get<std::string>() + " (" +
           component["stability"].get<std::string>() + ")";
  }
  return out;
}

void print_text(const Json& plugin, const std::string& path) {
  auto text = [](const Json& json, const char* key) { return json[key].get<std::string>(); };
  std::cout << text(plugin, "name") << " " << text(plugin, "version") << "\n"
            << "  file:     " << path << "\n  license:  " << text(plugin, "license")
            << "\n  url:      " << text(plugin, "url") << "\n  build:    " << text(plugin, "build") << "\n";
  for (const Json& component : plugin["components"]) {
    std::cout << "\ncomponent " << text(component, "type") << " (" << text(component, "stability")
              << "): " << text(component, "summary") << "\n";
    for (const Json& id : component["provides"]) std::cout << "  provides " << id.get<std::string>() << "\n";
    for (const Json& id : component["requiresHost"])
      std::cout << "  needs of the host " << id.get<std::string>() << "\n";
    for (const Json& field : component["fields"]) {
      std::cout << "  " << text(field, "name") << ": " << text(field, "type");
      if (field.contains("needs")) std::cout << " " << text(field, "needs");
      if (field["required"].get<bool>()) std::cout << ", required";
      if (field.contains("default")) std::cout << ", default " << text(field, "default");
      if (field["reloadable"].get<bool>()) std::cout << ", reloadable";
      std::cout << "\n      " << text(field, "doc") << "\n";
    }
  }
}

void print_markdown(const Json& plugin) {
  for (const Json& component : plugin["components"]) {
    std::cout << "## `" << component["type"].get<std::string>() << "`\n\n"
              << component["summary"].get<std::string>() << "\n\n"
              << component["fieldsMarkdown"].get<std::string>() << "\n";
  }
}

// An empty life of one instance: nothing here may crash, whatever configure says about missing fields.
std::string try_life(const Component& component) {
  runtime::Log log;
  log.set_level(LogLevel::kError);
  runtime::Metrics metrics;
  runtime::WorkerPool workers(1, 1);
  runtime::InstanceHost host("check", runtime::Services{&log, &metrics, &workers, nullptr});
  Instance* made = nullptr;
  if (Status status = component.create(&host, &made); !status.ok() || made == nullptr) {
    return "create failed: " + runtime::last_error_text();
  }
  Owned<Instance> instance(made);
  for (Str id : component.provides) {
    if (instance->query(id) == nullptr) return "says that it provides " + text_of(id) + ", but query does not know it";
  }
  if (instance->query(str("nightlight.no_such_interface/0")) != nullptr)
    return "answers query for an id that does not exist";
  if (!instance->stop().ok() || !instance->stop().ok()) return "stop without start failed, or the second stop did";
  return "";
}

}  // namespace

int list_plugins(const Options& options, bool json) {
  runtime::LoadOptions load = load_options(options);
  Json all = Json::array();
  int status = kExitOk;
  for (const runtime::PluginFile& file : runtime::list_plugins(runtime::search_directories(load, nullptr))) {
    auto plugin = probe_trusted(load, file);
    if (!plugin.ok()) {
      status = kExitFailed;
      std::cerr << plugin.error().message << "\n";
      continue;
    }
    if (json) {
      (*plugin)["path"] = file.path;
      all.push_back(std::move(*plugin));
    } else {
      std::printf("%-16s %-10s %s\n  %s\n", file.name.c_str(), (*plugin)["version"].get<std::string>().c_str(),
                  component_types(*plugin).c_str(), file.path.c_str());
    }
  }
  if (json) std::cout << all.dump(2) << "\n";
  return status;
}

int inspect_plugin(const Options& options, const std::string& name, bool json, bool markdown) {
  runtime::LoadOptions load = load_options(options);
  auto file = runtime::find_plugin(name, runtime::search_directories(load, nullptr));
  auto plugin = file.ok() ? probe_trusted(load, *file) : Result<Json>(file.error());
  if (!plugin.ok()) {
    std::cerr << plugin.error().message << "\n";
    return kExitFailed;
  }
  if (json) {
    std::cout << plugin->dump(2) << "\n";
  } else if (markdown) {
    print_markdown(*plugin);
  } else {
    print_text(*plugin, file->path);
  }
  return kExitOk;
}

int check_plugin(const std::string& file) {
  auto plugin = probe(file);
  if (!plugin.ok()) {
    std::cerr << plugin.error().message << "\n";
    return kExitFailed;
  }
  int status = kExitOk;
  for (const Json& component : (*plugin)["components"]) {
    std::string type = component["type"].get<std::string>(), life = component["life"].get<std::string>();
    std::cout << type << ": " << (life.empty() ? "ok" : life) << "\n";
    if (!life.empty()) status = kExitFailed;
  }
  return status;
}

int probe_plugin(const std::string& file) {
  auto plugin = runtime::load_plugin(file.find('/') == std::string::npos ? "./" + file : file);
  if (!plugin.ok()) {
    std::cerr << plugin.error().message << "\n";
    return kExitFailed;
  }
  Json json = describe(**plugin);
  for (size_t i = 0; i < (*plugin)->components.size; ++i) {
    json["components"][i]["life"] = try_life(*(*plugin)->components[i]);
  }
  std::cout << json.dump() << "\n";
  return kExitOk;
}

}  // namespace nightlight::app
