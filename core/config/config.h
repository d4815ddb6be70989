// A config file, read and checked: YAML -> Document -> CheckedConfig. Two steps, because the plugins that a document
// names bring the field tables that the rest of it is checked against.
#ifndef NIGHTLIGHT_CONFIG_CONFIG_H_
#define NIGHTLIGHT_CONFIG_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/components.h"
#include "config/expand.h"
#include "config/fields.h"
#include "config/problems.h"

namespace nightlight::config {

struct Document {
  Node root;
};

// `overrides` are "key.path=YAML", applied over the file.
Document read_document(std::string_view text, std::string_view source, const std::vector<std::string>& overrides,
                       Problems* problems);

// The sections that the host itself obeys.
struct HostSettings {
  std::vector<CheckedField> log, plugins, host;
};
HostSettings check_host_settings(const Document& document, const Surroundings& surroundings, Problems* problems);

struct CheckedInstance {
  std::string name;
  const Component* component = nullptr;
  Mark mark;
  std::vector<CheckedField> fields;  // In the order of the component's table.
  std::vector<std::string> needs;    // Names of the instances that its references name, sorted.
};

struct CheckedConfig {
  HostSettings settings;
  ShortForm short_form;
  std::vector<CheckedInstance> instances;  // In start order.

  const CheckedInstance* find(std::string_view name) const;
};

// Problems are added for everything that is wrong; the result is to be used only if there were none.
CheckedConfig check(const Document& document, const Components& components, const Surroundings& surroundings,
                    Problems* problems);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_CONFIG_H_
