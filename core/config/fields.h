// A map of a config, checked against a field table: the one way in which components and the host's own sections are
// read.
#ifndef NIGHTLIGHT_CONFIG_FIELDS_H_
#define NIGHTLIGHT_CONFIG_FIELDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/datum.h"
#include "config/node.h"
#include "config/problems.h"
#include "nightlight/component.h"

namespace nightlight::config {

struct CheckedField {
  const ConfigField* field = nullptr;
  Datum value;         // kNull: absent, without a default
  Mark mark;           // Where the value stands; for a default, where the map stands.
  std::string origin;  // "nightlight.yaml:3", "default", "default of storage.retention_days", "--set storage.data_dir"
  bool given = false;  // Written by the user (in either form).
  std::vector<Mark> item_marks;  // kList
};

// Every field of `table`, in its order, with defaults filled in. Problems are added for unknown keys, missing required
// fields and values of the wrong type. `map` may be null (nothing given). References stay names: see config.h.
std::vector<CheckedField> check_fields(const Node* map, const Mark& where, View<const ConfigField*> table,
                                       std::string_view path, const Surroundings& surroundings, Problems* problems);

// The value of a field of checked fields. The field must be in the table.
const CheckedField& field_of(const std::vector<CheckedField>& fields, std::string_view name);

// What print-config shows beside a value: "nightlight.yaml:3 (short form: storage.retention_days)".
std::string origin_of(const Node& node);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_FIELDS_H_
