// Sums of windows for the price of their edges.
//
// Where every value is a whole number and no sum can exceed 2^53, each addition of a compensated sum is exact, so that
// differences of running sums have the same bits: the case of counters and of most gauges.
#ifndef NIGHTLIGHT_PROMQL_STD_RUNNING_SUMS_H_
#define NIGHTLIGHT_PROMQL_STD_RUNNING_SUMS_H_

#include <cmath>
#include <cstdint>
#include <vector>

namespace nightlight::promql_std {

// `sums[i]` becomes the sum of the values in [begin, i). False when they would not be exact.
inline bool exact_running_sums(const double* values, uint32_t begin, uint32_t end, std::vector<double>& sums) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  sums.resize(size_t{end} + 1);
  double sum = 0, magnitude = 0;
  for (uint32_t i = begin; i < end; ++i) {
    double v = values[i];
    sums[i] = sum;
    sum += v;
    magnitude += std::fabs(v);
    if (!(magnitude <= kExact) || std::nearbyint(v) != v) return false;
  }
  sums[end] = sum;
  return true;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_RUNNING_SUMS_H_
