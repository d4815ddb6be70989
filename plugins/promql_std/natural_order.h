// Natural order of texts: runs of digits compare as numbers, the rest bytewise.
#ifndef NIGHTLIGHT_PROMQL_STD_NATURAL_ORDER_H_
#define NIGHTLIGHT_PROMQL_STD_NATURAL_ORDER_H_

#include <string_view>

namespace nightlight::promql_std {

bool natural_less(std::string_view a, std::string_view b);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_NATURAL_ORDER_H_
