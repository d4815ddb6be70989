#include "config/expand.h"

#include <algorithm>
#include <cmath>

#include "base/parse.h"
#include "config/sections.h"
#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

// Text that expand_variables gives back unchanged.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '$') out.push_back('$');
    out.push_back(c);
  }
  return out;
}

Node made(std::string_view text, const CheckedField& from, std::string_view section) {
  std::string key = std::string(section) + "." + std::string(view(from.field->name));
  Node node = scalar(escaped(text), from.mark, (from.given ? "short form: " : "default of ") + key);
  node.given = from.given;
  return node;
}

// What nobody wrote: types and references.
Node wired(std::string_view text) {
  Node node = scalar(text, {}, "short form");
  node.given = false;
  return node;
}

class Expansion {
 public:
  Expansion(const Components& components, Problems* problems) : components_(components), problems_(problems) {}

  bool has(std::string_view name) const { return instances_.find(name) != nullptr; }

  // Begins an instance if its component is there; the calls that follow set its fields.
  bool begin(std::string_view name, std::string_view type) {
    component_ = components_.find(type);
    if (component_ == nullptr) return false;
    Node map;
    map.kind = Node::Kind::kMap;
    map.set("type", wired(type));
    instance_ = &instances_.set(name, std::move(map));
    return true;
  }

  void refer(std::string_view field, std::string_view target) {
    const ConfigField* known = find(field);
    if (known == nullptr || !has(target)) return;
    if (known->type != FieldType::kList) {
      instance_->set(field, wired(target));
      return;
    }
    Node list = wired("");
    list.kind = Node::Kind::kList;
    list.items.push_back(wired(target));
    instance_->set(field, std::move(list));
  }

  void set(std::string_view field, std::string_view text, const CheckedField& from, std::string_view section) {
    if (from.value.kind == ValueKind::kNull) return;
    if (find(field) != nullptr) {
      put(field, made(text, from, section));
    } else if (from.given) {
      problems_->add(from.mark, section,
                     "\"" + std::string(view(from.field->name)) + "\" cannot be set: component \"" +
                         std::string(view(component_->type)) + "\" has no field \"" + std::string(field) + "\"");
    }
  }

  void put(std::string_view field, Node value) {
    if (knows(field)) instance_->set(field, std::move(value));
  }

  bool knows(std::string_view field) const { return find(field) != nullptr; }

  Node take() { return std::move(instances_); }

 private:
  const ConfigField* find(std::string_view field) const {
    for (const ConfigField* known : component_->fields) {
      if (view(known->name) == field) return known;
    }
    return nullptr;
  }

  const Components& components_;
  Problems* problems_;
  Node instances_;
  const Component* component_ = nullptr;
  Node* instance_ = nullptr;
};

std::string plain(const CheckedField& field) { return to_text(field.value, field.field->type); }

std::string duration(const CheckedField& field, double unit_ms) {
  double count = field.value.kind == ValueKind::kReal ? field.value.real : 0;
  return format_duration_ms(std::llround(count * unit_ms));
}

constexpr double kSecondMs = 1000, kHourMs = 3600e3, kDayMs = 86400e3;

void expand_tls(const std::vector<CheckedField>& tls, Expansion* out, Problems* problems) {
  const CheckedField& ca = field_of(tls, "ca_file");
  const CheckedField& require = field_of(tls, "require_client_cert");
  bool has_ca = ca.value.kind != ValueKind::kNull;
  if (require.value.integer != 0 && !has_ca) {
    problems->add(require.mark, "tls.require_client_cert",
                  "needs ca_file, the authorities that client certificates come from");
  }
  if (!out->begin("tls", "tls")) return;
  for (auto [field, key] : {std::pair("cert", "cert_file"), {"key", "key_file"}, {"client_ca", "ca_file"}}) {
    out->set(field, plain(field_of(tls, key)), field_of(tls, key), "tls");
  }
  bool given = require.value.kind != ValueKind::kNull;
  bool required = given ? require.value.integer != 0 : has_ca;
  std::string_view client_auth = required ? "require" : has_ca ? "optional" : "none";
  out->put("client_auth", made(client_auth, given || !has_ca ? require : ca, "tls"));
}

void expand_store(const std::vector<CheckedField>& storage, Expansion* out) {
  if (!out->begin("store", "gorilla")) return;
  auto from = [&](std::string_view key) -> const CheckedField& { return field_of(storage, key); };
  out->set("path", plain(from("data_dir")), from("data_dir"), "storage");
  out->set("retention", duration(from("retention_days"), kDayMs), from("retention_days"), "storage");
  out->set("wal_segment_size", plain(from("wal_segment_size_mb")) + "MiB", from("wal_segment_size_mb"), "storage");
  out->set("block_duration", duration(from("block_duration_hours"), kHourMs), from("block_duration_hours"), "storage");
  out->set("max_head_samples", plain(from("max_head_samples")), from("max_head_samples"), "storage");
  out->set("compaction_interval", duration(from("compaction_interval_seconds"), kSecondMs),
           from("compaction_interval_seconds"), "storage");
}

void expand_server(const ShortForm& form, Expansion* out) {
  auto from = [&](std::string_view key) -> const CheckedField& { return field_of(form.server, key); };
  auto set = [&](std::string_view field, std::string_view key) {
    out->set(field, plain(from(key)), from(key), "server");
  };
  (void)out->begin("functions", "promql_std");  // It has no fields.
  if (out->has("store") && out->begin("engine", "promql")) {
    out->refer("storage", "store");
    out->refer("functions", "functions");
    out->set("query_timeout", duration(from("query_timeout_seconds"), kSecondMs), from("query_timeout_seconds"),
             "server");
    set("max_samples", "max_samples_per_query");
  }
  if (out->begin("http", "http")) {
    set("listen", "http_addr");
    out->refer("tls", "tls");
    if (from("insecure").given) set("insecure", "insecure");
  }
  if (out->has("http") && out->has("store") && out->begin("write", "remote_write")) {
    out->refer("listener", "http");
    out->refer("sink", "store");
  }
  if (out->has("http") && out->has("store") && out->begin("read", "remote_read")) {
    out->refer("listener", "http");
    out->refer("storage", "store");
  }
  if (out->has("http") && out->has("engine") && out->begin("api", "prometheus_api")) {
    out->refer("listener", "http");
    out->refer("engine", "engine");
    out->refer("storage", "store");
  }
  if (out->has("engine") && out->begin("rpc", "grpc_api")) {
    set("listen", "grpc_addr");
    for (auto [field, target] :
         {std::pair("tls", "tls"), {"engine", "engine"}, {"storage", "store"}, {"sink", "store"}}) {
      out->refer(field, target);
    }
    set("max_concurrent_streams", "max_concurrent_streams");
    if (from("insecure").given && out->knows("insecure")) set("insecure", "insecure");
  }
  if (out->has("http") && out->begin("host", "host_api")) {
    out->refer("listener", "http");
    set("enable_lifecycle", "enable_lifecycle");
  }
}

std::string type_of(const Node& instance) {
  const Node* type = instance.find("type");
  return type == nullptr ? "" : type->text;
}

void overlay(const Node& written, Node* expanded) {
  for (size_t i = 0; i < written.keys.size(); ++i) {
    const std::string& name = written.keys[i];
    const Node& instance = written.items[i];
    Node* below = expanded->find(name);
    if (instance.null()) {
      expanded->erase(name);
    } else if (below != nullptr && instance.kind == Node::Kind::kMap &&
               (type_of(instance).empty() || type_of(instance) == type_of(*below))) {
      for (size_t k = 0; k < instance.keys.size(); ++k) {
        below->set(instance.keys[k], instance.items[k], instance.key_marks[k]);
        auto at = std::find(below->keys.begin(), below->keys.end(), instance.keys[k]) - below->keys.begin();
        below->key_marks[static_cast<size_t>(at)] = instance.key_marks[k];
      }
      below->mark = instance.mark;
    } else {
      expanded->set(name, instance, written.key_marks[i]);
    }
  }
}

// Every listener tells of the server's health and metrics, also where only the long form is used.
void add_host_apis(const Node* written, const Components& components, Node* instances) {
  if (components.find("host_api") == nullptr) return;
  std::vector<std::string> listeners;
  for (size_t i = 0; i < instances->items.size(); ++i) {
    if (type_of(instances->items[i]) == "http") listeners.push_back(instances->keys[i]);
  }
  for (const std::string& listener : listeners) {
    std::string name = listener == "http" ? "host" : "host_" + listener;
    bool served = instances->find(name) != nullptr || (written != nullptr && written->find(name) != nullptr);
    for (const Node& instance : instances->items) {
      const Node* target = instance.find("listener");
      served |= type_of(instance) == "host_api" && target != nullptr && target->text == listener;
    }
    if (served) continue;
    Node map;
    map.kind = Node::Kind::kMap;
    map.mark = instances->find(listener)->mark;
    map.set("type", wired("host_api"));
    map.set("listener", wired(listener));
    instances->set(name, std::move(map));
  }
}

}  // namespace

ShortForm check_short_form(const Node& root, const Surroundings& surroundings, Problems* problems) {
  ShortForm out;
  const Node* tls = root.find("tls");
  out.has_tls = tls != nullptr && !tls->null();
  for (const Section* section : {&server_section(), &storage_section(), &tls_section()}) {
    const Node* node = root.find(section->name);
    out.used |= node != nullptr;
    if (section == &tls_section() && !out.has_tls) continue;
    auto& fields = section == &server_section() ? out.server : section == &storage_section() ? out.storage : out.tls;
    Mark where = node != nullptr ? node->mark : root.mark;
    fields = check_fields(node, where, section->fields, section->name, surroundings, problems);
  }
  out.used |= root.find("instances") == nullptr;
  return out;
}

Node expand(const Node& root, const ShortForm& form, const Components& components, Problems* problems) {
  Expansion expansion(components, problems);
  if (form.used) {
    if (form.has_tls) expand_tls(form.tls, &expansion, problems);
    expand_store(form.storage, &expansion);
    expand_server(form, &expansion);
  }
  Node instances = expansion.take();
  instances.kind = Node::Kind::kMap;
  for (Node& instance : instances.items) {
    if (instance.mark.source == nullptr) instance.mark = root.mark;
  }
  const Node* written = root.find("instances");
  if (written != nullptr && written->null()) written = nullptr;
  if (written != nullptr && written->kind != Node::Kind::kMap) {
    problems->add(written->mark, "instances", "expected a map of names to instances");
    written = nullptr;
  }
  if (written != nullptr) {
    instances.mark = written->mark;
    overlay(*written, &instances);
  }
  add_host_apis(written, components, &instances);
  return instances;
}

}  // namespace nightlight::config
