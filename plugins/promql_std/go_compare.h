// Minimum and maximum as Go's math package defines them: an infinity on the winning side beats NaN, NaN beats the rest,
// and -0 < 0.
#ifndef NIGHTLIGHT_PROMQL_STD_GO_COMPARE_H_
#define NIGHTLIGHT_PROMQL_STD_GO_COMPARE_H_

#include <cmath>
#include <limits>

namespace nightlight::promql_std {

inline double go_max(double a, double b) {
  if ((std::isinf(a) && a > 0) || (std::isinf(b) && b > 0)) return std::numeric_limits<double>::infinity();
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

inline double go_min(double a, double b) {
  if ((std::isinf(a) && a < 0) || (std::isinf(b) && b < 0)) return -std::numeric_limits<double>::infinity();
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_GO_COMPARE_H_
