#include "config/config.h"

#include <algorithm>

#include "config/graph.h"
#include "config/sections.h"
#include "config/yaml.h"
#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

// An option has no lines and columns.
void forget_lines(Node* node) {
  node->mark.line = node->mark.column = 0;
  for (Mark& mark : node->key_marks) mark.line = mark.column = 0;
  for (Node& item : node->items) forget_lines(&item);
}

void apply_override(const std::string& text, Node* root, Problems* problems) {
  auto source = std::make_shared<const std::string>("--set " + text);
  Mark mark{source, 0, 0};
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems->add(mark, "", "expected key=value, for example storage.retention_days=30");
    return;
  }
  Node value = parse_yaml(std::string_view(text).substr(equals + 1), source, problems);
  forget_lines(&value);
  if (value.mark.source == nullptr) value.mark = mark;
  Node* at = root;
  std::string_view rest = std::string_view(text).substr(0, equals);
  while (true) {
    size_t dot = rest.find('.');
    std::string_view key = rest.substr(0, dot);
    if (key.empty() || (!at->null() && at->kind != Node::Kind::kMap)) {
      problems->add(mark, "",
                    key.empty() ? "an empty key" : "\"" + std::string(key) + "\" is below something that is no map");
      return;
    }
    if (dot == std::string_view::npos) {
      at->set(key, std::move(value), mark);
      return;
    }
    Node* next = at->find(key);
    if (next == nullptr) {
      Node map;
      map.kind = Node::Kind::kMap;
      map.mark = mark;
      next = &at->set(key, std::move(map), mark);
    }
    at = next;
    rest.remove_prefix(dot + 1);
  }
}

bool is_instance_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

void check_sections(const Document& document, Problems* problems) {
  std::vector<std::string> known{"instances"};
  for (const Section* section : sections()) known.emplace_back(section->name);
  for (size_t i = 0; i < document.root.keys.size(); ++i) {
    const std::string& key = document.root.keys[i];
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string hint = did_you_mean(key, known);
    if (hint.empty()) hint = ", known keys: " + join(known);
    problems->add(document.root.key_marks[i], "", "unknown key \"" + key + "\"" + hint);
  }
}

// Instances while references between them are checked.
class Instances {
 public:
  Instances(const Components& components, const Surroundings& surroundings, Problems* problems)
      : components_(components), surroundings_(surroundings), problems_(problems) {}

  void add(const std::string& name, const Node& node, const Mark& key_mark, bool only_expanded) {
    std::string path = "instances." + name;
    Mark mark = key_mark.source ? key_mark : node.mark;
    all_.insert(name);
    if (!is_instance_name(name)) {
      problems_->add(mark, path, "a name begins with a small letter and has letters, digits, _ and - only");
    }
    if (node.kind != Node::Kind::kMap) {
      problems_->add(node.mark, path,
                     "expected a map with a type, for example {type: http, listen: \"127.0.0.1:9101\"}");
      return;
    }
    const Component* component = find_component(node, path, mark);
    if (component == nullptr) return;
    CheckedInstance instance;
    instance.name = name;
    instance.component = component;
    instance.mark = mark;
    Node fields = node;
    fields.erase("type");
    Problems dropped;  // What is wrong in the short form was told where it was written.
    instance.fields =
        check_fields(&fields, mark, component->fields, path, surroundings_, only_expanded ? &dropped : problems_);
    checked_.emplace(name, std::move(instance));
  }

  std::vector<CheckedInstance> in_order() {
    Needs needs;
    for (auto& [name, instance] : checked_) {
      for (CheckedField& field : instance.fields) check_references(&instance, field);
      std::sort(instance.needs.begin(), instance.needs.end());
      instance.needs.erase(std::unique(instance.needs.begin(), instance.needs.end()), instance.needs.end());
      needs[name] = {instance.needs.begin(), instance.needs.end()};
    }
    Order order = start_order(needs);
    if (!order.cycle.empty()) {
      std::string text = "instances need each other in a circle: " + order.cycle.front();
      for (size_t i = 1; i < order.cycle.size(); ++i) text += " -> " + order.cycle[i];
      problems_->add(checked_.at(order.cycle.front()).mark, "instances." + order.cycle.front(),
                     text + ", remove one of these references");
    }
    std::vector<CheckedInstance> out;
    for (const std::string& name : order.names) out.push_back(std::move(checked_.at(name)));
    return out;
  }

 private:
  const Component* find_component(const Node& node, const std::string& path, const Mark& mark) {
    const Node* type = node.find("type");
    if (type == nullptr || type->kind != Node::Kind::kScalar) {
      problems_->add(type ? type->mark : mark, path, "\"type\" is missing, one of " + join(components_.types()));
      return nullptr;
    }
    const Component* component = components_.find(type->text);
    if (component == nullptr) {
      std::vector<std::string> types = components_.types();
      std::string hint = did_you_mean(type->text, types);
      if (hint.empty()) hint = ", known types: " + join(types) + " (is its plugin in plugins.load?)";
      problems_->add(type->mark, path, "unknown type \"" + type->text + "\"" + hint);
    }
    return component;
  }

  void check_references(CheckedInstance* from, const CheckedField& field) {
    std::string path = "instances." + from->name + "." + std::string(view(field.field->name));
    if (field.field->type == FieldType::kRef && field.value.kind == ValueKind::kText) {
      check_reference(from, field, field.value.text, path, field.mark);
    }
    if (field.field->type != FieldType::kList || field.field->item_type != FieldType::kRef) return;
    for (size_t i = 0; i < field.value.items.size(); ++i) {
      if (field.value.items[i].kind != ValueKind::kText) continue;
      Mark mark = i < field.item_marks.size() && field.item_marks[i].source ? field.item_marks[i] : field.mark;
      check_reference(from, field, field.value.items[i].text, path + "[" + std::to_string(i) + "]", mark);
    }
  }

  void check_reference(CheckedInstance* from, const CheckedField& field, const std::string& target,
                       const std::string& path, const Mark& own_mark) {
    Mark mark = own_mark.source ? own_mark : from->mark;
    std::string_view id = view(field.field->interface_id);
    auto at = checked_.find(target);
    if (at == checked_.end()) {
      if (all_.contains(target)) return;  // Its own mistakes are told already.
      std::string hint = did_you_mean(target, {all_.begin(), all_.end()});
      if (hint.empty()) hint = providers_text(id);
      problems_->add(mark, path, "there is no instance \"" + target + "\"" + hint);
      return;
    }
    if (!provides(*at->second.component, id)) {
      std::vector<std::string> provided;
      for (Str provided_id : at->second.component->provides) provided.emplace_back(view(provided_id));
      problems_->add(mark, path,
                     "\"" + target + "\" provides " + (provided.empty() ? "nothing" : join(provided)) +
                         ", but this field needs " + std::string(id) + providers_text(id));
      return;
    }
    from->needs.push_back(target);
  }

  std::string providers_text(std::string_view id) const {
    std::vector<std::string> names;
    for (const auto& [name, instance] : checked_) {
      if (provides(*instance.component, id)) names.push_back(name);
    }
    if (!names.empty()) return " (" + join(names) + (names.size() == 1 ? " provides it)" : " provide it)");
    std::vector<std::string> types;
    for (const std::string& type : components_.types()) {
      if (provides(*components_.find(type), id)) types.push_back(type);
    }
    if (types.empty()) return " (no loaded component provides it)";
    return " (add an instance of type " + join(types) + ")";
  }

  const Components& components_;
  const Surroundings& surroundings_;
  Problems* problems_;
  std::set<std::string> all_;
  std::map<std::string, CheckedInstance> checked_;
};

}  // namespace

Document read_document(std::string_view text, std::string_view source, const std::vector<std::string>& overrides,
                       Problems* problems) {
  auto name = std::make_shared<const std::string>(source);
  Document document{parse_yaml(text, name, problems)};
  if (document.root.mark.source == nullptr) document.root.mark = Mark{name, 1, 1};
  if (!document.root.null() && document.root.kind != Node::Kind::kMap) {
    problems->add(document.root.mark, "", "expected a map of sections such as server, storage, tls or instances");
    document.root.kind = Node::Kind::kNull;
  }
  for (const std::string& item : overrides) apply_override(item, &document.root, problems);
  return document;
}

HostSettings check_host_settings(const Document& document, const Surroundings& surroundings, Problems* problems) {
  auto read = [&](const Section& section) {
    const Node* node = document.root.find(section.name);
    return check_fields(node, node ? node->mark : document.root.mark, section.fields, section.name, surroundings,
                        problems);
  };
  return HostSettings{read(log_section()), read(plugins_section()), read(host_section())};
}

const CheckedInstance* CheckedConfig::find(std::string_view name) const {
  for (const CheckedInstance& instance : instances) {
    if (instance.name == name) return &instance;
  }
  return nullptr;
}

CheckedConfig check(const Document& document, const Components& components, const Surroundings& surroundings,
                    Problems* problems) {
  check_sections(document, problems);
  CheckedConfig out;
  out.settings = check_host_settings(document, surroundings, problems);
  Problems short_problems;
  out.short_form = check_short_form(document.root, surroundings, &short_problems);
  Node instances = expand(document.root, out.short_form, components, &short_problems);
  const Node* written = document.root.find("instances");
  Instances checking(components, surroundings, problems);
  for (size_t i = 0; i < instances.items.size(); ++i) {
    const std::string& name = instances.keys[i];
    bool expanded = written == nullptr || written->find(name) == nullptr;
    checking.add(name, instances.items[i], instances.key_marks[i], expanded && !short_problems.empty());
  }
  out.instances = checking.in_order();
  problems->add_all(short_problems);
  return out;
}

}  // namespace nightlight::config
