#include "promql_std/classic_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nightlight::promql_std {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void merge_equal_bounds(std::vector<ClassicBucket>& buckets) {
  size_t kept = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[kept].upper) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
}

bool nearly_equal(double a, double b) {
  constexpr double kTolerance = 1e-12;
  constexpr double kLeastNormal = std::numeric_limits<double>::min();
  if (std::isnan(a) && std::isnan(b)) return true;
  double sum = std::fabs(a) + std::fabs(b), difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kLeastNormal) return difference < kTolerance * kLeastNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Cumulative counts never fall. Differences that rounding explains are levelled silently.
void make_monotonic(std::vector<ClassicBucket>& buckets, Repair& repair) {
  repair = {false, kInfinity, -kInfinity, 0};
  double previous = buckets[0].count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double current = buckets[i].count;
    if (current == previous) continue;
    if (nearly_equal(previous, current)) {
      buckets[i].count = previous;
    } else if (current < previous) {
      buckets[i].count = previous;
      repair.forced = true;
      repair.lowest_bound = std::min(repair.lowest_bound, buckets[i].upper);
      repair.highest_bound = std::max(repair.highest_bound, buckets[i].upper);
      repair.largest_difference = std::max(repair.largest_difference, previous - current);
    } else {
      previous = current;
    }
  }
}

}  // namespace

double classic_quantile(double q, std::vector<ClassicBucket>& buckets, Repair& repair) {
  if (std::isnan(q)) return kNaN;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (buckets.back().upper != kInfinity) return kNaN;
  merge_equal_bounds(buckets);
  make_monotonic(buckets, repair);
  if (buckets.size() < 2 || buckets.back().count == 0) return kNaN;
  double rank = q * buckets.back().count;
  auto last = buckets.end() - 1;
  // As a binary search, which is what it is with NaN counts too.
  auto found = std::partition_point(buckets.begin(), last, [&](const ClassicBucket& b) { return !(b.count >= rank); });
  if (found == last) return (last - 1)->upper;
  if (found == buckets.begin() && found->upper <= 0) return found->upper;
  double start = 0, count = found->count;
  if (found != buckets.begin()) {
    start = (found - 1)->upper;
    count -= (found - 1)->count;
    rank -= (found - 1)->count;
  }
  return start + (found->upper - start) * (rank / count);
}

double classic_fraction(double lower, double upper, std::vector<ClassicBucket>& buckets) {
  if (buckets.back().upper != kInfinity) return kNaN;
  merge_equal_bounds(buckets);
  double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  // The rank of a limit: by linear interpolation in its bucket, of which the first begins at 0 if it has positive
  // bounds.
  auto rank_of = [&](double limit) {
    double rank = 0, start = buckets[0].upper <= 0 ? -kInfinity : 0;
    for (const ClassicBucket& bucket : buckets) {
      if (start >= limit) return std::min(rank, count);
      if (bucket.upper > limit) {
        double inside = start == -kInfinity ? bucket.count
                                            : rank + (bucket.count - rank) * (limit - start) / (bucket.upper - start);
        return inside > count ? count : inside;
      }
      rank = bucket.count;
      start = bucket.upper;
    }
    return count;
  };
  return (rank_of(upper) - rank_of(lower)) / count;
}

}  // namespace nightlight::promql_std
