// YAML text -> Node. Input is not trusted: size, depth and the number of nodes (aliases included) are bounded.
#ifndef NIGHTLIGHT_CONFIG_YAML_H_
#define NIGHTLIGHT_CONFIG_YAML_H_

#include <memory>
#include <string>
#include <string_view>

#include "config/node.h"
#include "config/problems.h"

namespace nightlight::config {

// Parses one document; an empty text is a null node. Syntax errors and duplicate keys go to `problems`, and what was
// read is returned all the same, so that other mistakes are found in the same run.
Node parse_yaml(std::string_view text, std::shared_ptr<const std::string> source, Problems* problems);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_YAML_H_
