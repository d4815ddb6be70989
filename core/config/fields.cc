#include "config/fields.h"

#include <algorithm>

#include "config/yaml.h"
#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

struct Place {
  std::string path;
  const Surroundings& surroundings;
  Problems* problems;
};

std::vector<std::string> names(View<const ConfigField*> table) {
  std::vector<std::string> out;
  for (const ConfigField* field : table) out.emplace_back(view(field->name));
  return out;
}

void check_keys(const Node& map, View<const ConfigField*> table, std::string_view path, Problems* problems) {
  std::vector<std::string> known = names(table);
  for (size_t i = 0; i < map.keys.size(); ++i) {
    const std::string& key = map.keys[i];
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string text = "unknown key \"" + key + "\"" + did_you_mean(key, known);
    if (nearest(key, known).empty()) text += ", known keys: " + join(known);
    problems->add(map.key_marks[i].source ? map.key_marks[i] : map.items[i].mark, path, std::move(text));
  }
}

Datum scalar_datum(const Node& node, FieldType type, const ConfigField& field, const Place& place) {
  auto value = parse_scalar(node, type, field, place.surroundings);
  if (value.ok()) return std::move(value).value();
  place.problems->add(node.mark, place.path, value.error().message);
  return Datum{};
}

Datum list_datum(const Node& node, CheckedField* out, const Place& place) {
  Datum list{ValueKind::kList};
  if (node.kind != Node::Kind::kList) {
    place.problems->add(node.mark, place.path, "expected " + std::string(describe(FieldType::kList)));
    return list;
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    Place item{place.path + "[" + std::to_string(i) + "]", place.surroundings, place.problems};
    list.items.push_back(scalar_datum(node.items[i], out->field->item_type, *out->field, item));
    out->item_marks.push_back(node.items[i].mark);
  }
  return list;
}

Datum map_datum(const Node& node, const ConfigField& field, const Place& place) {
  Datum map{ValueKind::kMap};
  if (node.kind != Node::Kind::kMap) {
    place.problems->add(node.mark, place.path, "expected " + std::string(describe(FieldType::kMap)));
    return map;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    Place item{place.path + "." + node.keys[i], place.surroundings, place.problems};
    map.keys.push_back(node.keys[i]);
    map.items.push_back(scalar_datum(node.items[i], FieldType::kString, field, item));
  }
  return map;
}

// kFree is not expanded: relabel rules write ${1} themselves.
Datum free_datum(const Node& node) {
  Datum out{ValueKind::kText};
  out.text = to_json(node);
  return out;
}

Datum datum(const Node& node, CheckedField* out, const Place& place) {
  switch (out->field->type) {
    case FieldType::kList:
      return list_datum(node, out, place);
    case FieldType::kMap:
      return map_datum(node, *out->field, place);
    case FieldType::kFree:
      return free_datum(node);
    default:
      return scalar_datum(node, out->field->type, *out->field, place);
  }
}

void fill_default(CheckedField* out, const Mark& where, const Place& place) {
  out->origin = "default";
  out->mark = where;
  std::string_view text = view(out->field->default_value);
  if (text.empty()) return;
  Problems unreadable;
  Node node = parse_yaml(text, nullptr, &unreadable);
  if (!node.null()) out->value = datum(node, out, Place{place.path, place.surroundings, &unreadable});
  if (!unreadable.empty()) {
    place.problems->add(where, place.path, "the component's own default is unreadable: " + unreadable.lines().front());
  }
}

}  // namespace

std::vector<CheckedField> check_fields(const Node* map, const Mark& where, View<const ConfigField*> table,
                                       std::string_view path, const Surroundings& surroundings, Problems* problems) {
  if (map != nullptr && !map->null() && map->kind != Node::Kind::kMap) {
    problems->add(map->mark, path, "expected a map of keys and values");
    map = nullptr;
  }
  if (map != nullptr) check_keys(*map, table, path, problems);
  std::vector<CheckedField> out;
  for (const ConfigField* field : table) {
    CheckedField checked;
    checked.field = field;
    std::string name(view(field->name));
    Place place{path.empty() ? name : std::string(path) + "." + name, surroundings, problems};
    const Node* node = map == nullptr ? nullptr : map->find(name);
    if (node != nullptr && !node->null()) {
      checked.given = node->given;
      checked.mark = node->mark;
      checked.origin = origin_of(*node);
      checked.value = datum(*node, &checked, place);
    } else if ((field->flags & kRequired) != 0) {
      checked.mark = node != nullptr ? node->mark : where;
      problems->add(checked.mark, path,
                    "\"" + name + "\" is missing, add " + name + ": " + std::string(describe(field->type)));
    } else {
      fill_default(&checked, where, place);
    }
    out.push_back(std::move(checked));
  }
  return out;
}

const CheckedField& field_of(const std::vector<CheckedField>& fields, std::string_view name) {
  for (const CheckedField& field : fields) {
    if (view(field.field->name) == name) return field;
  }
  NIGHTLIGHT_CHECK(false, "a field that is not in its table");
  __builtin_unreachable();
}

std::string origin_of(const Node& node) {
  if (!node.given) return node.origin.empty() ? "default" : node.origin;
  std::string out;
  if (node.mark.source != nullptr) {
    out = *node.mark.source;
    if (node.mark.line > 0) out += ":" + std::to_string(node.mark.line);
  }
  return node.origin.empty() ? out : out + " (" + node.origin + ")";
}

}  // namespace nightlight::config
