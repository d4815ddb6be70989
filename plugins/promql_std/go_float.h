// Numbers in label values, read as Prometheus reads them.
#ifndef NIGHTLIGHT_PROMQL_STD_GO_FLOAT_H_
#define NIGHTLIGHT_PROMQL_STD_GO_FLOAT_H_

#include <optional>
#include <string_view>

namespace nightlight::promql_std {

// The whole text as Go's strconv.ParseFloat takes it: decimal or 0x, inf and nan in any case. Nothing for what
// overflows.
std::optional<double> parse_go_float(std::string_view text);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_GO_FLOAT_H_
