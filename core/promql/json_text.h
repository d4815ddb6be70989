// Pieces of JSON.
#ifndef NIGHTLIGHT_PROMQL_JSON_TEXT_H_
#define NIGHTLIGHT_PROMQL_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace nightlight::promql {

// A string in quotes, with what Go escapes besides the necessary: <, >, & and the two line separators.
std::string json_string(std::string_view value);
// A number; null for what JSON has no number for.
std::string json_number(double value);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_JSON_TEXT_H_
