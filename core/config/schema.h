// What can be written into a config file, told to editors (JSON Schema) and to people (Markdown), from the same field
// tables that check it.
#ifndef NIGHTLIGHT_CONFIG_SCHEMA_H_
#define NIGHTLIGHT_CONFIG_SCHEMA_H_

#include <string>

#include "config/components.h"

namespace nightlight::config {

std::string json_schema(const Components& components);
std::string markdown(const Components& components);

// One table row a field: | key | type | default | what |
std::string markdown_fields(View<const ConfigField*> fields);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_SCHEMA_H_
