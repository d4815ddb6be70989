#include "config/components.h"

#include <algorithm>
#include <set>

#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

bool is_snake_case(std::string_view name) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Error malformed(const Component& component, const std::string& what) {
  return Error{Code::kInvalidArgument, "component \"" + std::string(view(component.type)) + "\": " + what};
}

Result<void> check_fields_of(const Component& component) {
  std::set<std::string_view> seen{"type"};
  for (const ConfigField* field : component.fields) {
    if (field == nullptr) return malformed(component, "a null field in its table");
    std::string name(view(field->name));
    if (field->struct_size < sizeof(ConfigField))
      return malformed(component, "field \"" + name + "\" is shorter than known");
    if (!is_snake_case(name)) return malformed(component, "field \"" + name + "\" is not snake_case");
    if (!seen.insert(view(field->name)).second) return malformed(component, "field \"" + name + "\" is there twice");
    if (field->type > FieldType::kFree) return malformed(component, "field \"" + name + "\" has an unknown type");
    bool refs =
        field->type == FieldType::kRef || (field->type == FieldType::kList && field->item_type == FieldType::kRef);
    if (refs && view(field->interface_id).empty())
      return malformed(component, "reference \"" + name + "\" asks for nothing");
    if (field->type == FieldType::kList && field->item_type >= FieldType::kList) {
      return malformed(component, "list \"" + name + "\" is of lists, maps or free values");
    }
  }
  return {};
}

}  // namespace

Result<void> Components::add(const Component* component, std::string_view from) {
  if (component == nullptr) return Error{Code::kInvalidArgument, "a null component"};
  if (component->struct_size < sizeof(Component)) return malformed(*component, "its description is shorter than known");
  if (!is_snake_case(view(component->type))) return malformed(*component, "its type is not snake_case");
  if (component->create == nullptr) return malformed(*component, "it has no create function");
  NIGHTLIGHT_TRY(check_fields_of(*component));
  auto [at, fresh] = entries_.try_emplace(std::string(view(component->type)), Entry{component, std::string(from)});
  if (!fresh) {
    return Error{Code::kAlreadyExists, "component \"" + at->first + "\" is already provided by " + at->second.from};
  }
  return {};
}

const Component* Components::find(std::string_view type) const {
  auto at = entries_.find(type);
  return at == entries_.end() ? nullptr : at->second.component;
}

std::string Components::from(std::string_view type) const {
  auto at = entries_.find(type);
  return at == entries_.end() ? "" : at->second.from;
}

std::vector<std::string> Components::types() const {
  std::vector<std::string> out;
  for (const auto& [type, entry] : entries_) out.push_back(type);
  return out;
}

bool provides(const Component& component, std::string_view interface_id) {
  return std::any_of(component.provides.begin(), component.provides.end(),
                     [&](Str id) { return view(id) == interface_id; });
}

}  // namespace nightlight::config
