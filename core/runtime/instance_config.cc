#include "runtime/instance_config.h"

#include "nightlight/sugar.h"
#include "runtime/instance_host.h"

namespace nightlight::runtime {
namespace {

Status not_declared(Str field) {
  return fail_with(Code::kNotFound, "field \"" + std::string(view(field)) + "\" is not in the component's table");
}

}  // namespace

const config::CheckedField* InstanceConfig::find_field(Str name) const {
  for (const config::CheckedField& field : checked_.fields) {
    if (view(field.field->name) == view(name)) return &field;
  }
  return nullptr;
}

Value InstanceConfig::value_of(const config::Datum& datum) {
  Value out{};
  out.struct_size = sizeof(Value);
  out.kind = datum.kind;
  out.integer = datum.integer;
  out.real = datum.real;
  out.text = str(datum.text);
  if (datum.items.empty()) return out;
  std::vector<const Value*> items;
  for (const config::Datum& item : datum.items) items.push_back(&values_.emplace_back(value_of(item)));
  out.items = view_of(items_.emplace_back(std::move(items)));
  std::vector<Str> keys;
  for (const std::string& key : datum.keys) keys.push_back(str(key));
  out.keys = view_of(keys_.emplace_back(std::move(keys)));
  return out;
}

Status InstanceConfig::get(Str field, Value* out) noexcept {
  const config::CheckedField* found = find_field(field);
  if (found == nullptr) return not_declared(field);
  *out = value_of(found->value);
  return kOkStatus;
}

Status InstanceConfig::resolve(Str field, uint64_t index, Str interface_id, void** out) noexcept {
  *out = nullptr;
  const config::CheckedField* found = find_field(field);
  if (found == nullptr) return not_declared(field);
  const config::Datum* target = &found->value;
  if (target->kind == ValueKind::kList) target = index < target->items.size() ? &target->items[index] : nullptr;
  if (target == nullptr || target->kind == ValueKind::kNull) {
    return fail_with(Code::kNotFound, "field \"" + std::string(view(field)) + "\" is absent");
  }
  Instance* instance = find_(target->text);
  if (instance == nullptr) return fail_with(Code::kNotFound, "instance \"" + target->text + "\" does not exist");
  *out = instance->query(interface_id);
  if (*out == nullptr) {
    return fail_with(Code::kNotFound,
                     "instance \"" + target->text + "\" does not provide " + std::string(view(interface_id)));
  }
  return kOkStatus;
}

Str InstanceConfig::position(Str field) noexcept {
  const config::CheckedField* found = find_field(field);
  std::string place = to_string(found != nullptr && found->mark.source ? found->mark : checked_.mark);
  if (!place.empty()) place += ": ";
  return str(positions_.emplace_back(place + "instances." + checked_.name + "." + std::string(view(field))));
}

Str InstanceConfig::instance_name() noexcept { return str(checked_.name); }

}  // namespace nightlight::runtime
