// The config in force, as YAML that could be read back: every field of every instance, secrets masked.
#ifndef NIGHTLIGHT_CONFIG_PRINT_H_
#define NIGHTLIGHT_CONFIG_PRINT_H_

#include <string>

#include "config/config.h"

namespace nightlight::config {

enum class Origins { kHidden, kShown };

// In the long form. With kShown each value is followed by a comment that says where it came from.
std::string print_effective(const CheckedConfig& config, Origins origins);

// The graph of instances in Graphviz' language: an arrow from each instance to what it needs.
std::string print_dot(const CheckedConfig& config);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_PRINT_H_
