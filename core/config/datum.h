// Config values that own their memory, and how text becomes one: the types of the contract's field tables.
#ifndef NIGHTLIGHT_CONFIG_DATUM_H_
#define NIGHTLIGHT_CONFIG_DATUM_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/node.h"
#include "nightlight/component.h"
#include "nightlight/config.h"

namespace nightlight::config {

// The owning form of nightlight::Value, with the same meaning of kinds.
struct Datum {
  ValueKind kind = ValueKind::kNull;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Datum> items;
  std::vector<std::string> keys;

  bool operator==(const Datum&) const = default;
};

// What a config may look at outside of its file.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<Result<std::string>(const std::string& path)> read_file;
};
// The environment and file system of this process.
Surroundings real_surroundings();
Result<std::string> read_small_file(const std::string& path, size_t max_bytes);

// Replaces ${NAME} and ${NAME:-default}; $$ is a dollar. A variable that is not set and has no default is an error.
Result<std::string> expand_variables(std::string_view text, const Surroundings& surroundings);

// The value of one field. The error's text says what is wrong with the text, without naming the field.
// `bounds` is the field whose minimum, maximum and choices hold (kList: of its items).
Result<Datum> parse_scalar(const Node& node, FieldType type, const ConfigField& bounds,
                           const Surroundings& surroundings);

// As a user would write it: 5400000 of kDuration is "1h30m". Secrets become "***".
std::string to_text(const Datum& datum, FieldType type);

// "a duration such as 15d or 30s" and the like, for error texts and documentation.
std::string_view describe(FieldType type);
std::string_view type_name(FieldType type);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_DATUM_H_
