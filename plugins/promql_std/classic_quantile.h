// Quantiles and fractions of one classic histogram: cumulative counts by upper bound.
#ifndef NIGHTLIGHT_PROMQL_STD_CLASSIC_QUANTILE_H_
#define NIGHTLIGHT_PROMQL_STD_CLASSIC_QUANTILE_H_

#include <vector>

namespace nightlight::promql_std {

struct ClassicBucket {
  double upper;
  double count;  // Cumulative.
};

// Counts that fell from one bucket to the next, and what was done about it.
struct Repair {
  bool forced = false;
  double lowest_bound = 0, highest_bound = 0, largest_difference = 0;
};

// Both take buckets sorted by bound, none NaN, at least one; both change them.
double classic_quantile(double q, std::vector<ClassicBucket>& buckets, Repair& repair);
double classic_fraction(double lower, double upper, std::vector<ClassicBucket>& buckets);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_CLASSIC_QUANTILE_H_
