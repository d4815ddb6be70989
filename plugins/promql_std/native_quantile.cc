#include "promql_std/native_quantile.h"

#include <cmath>
#include <limits>

#include "model/buckets.h"
#include "model/logarithm.h"

namespace nightlight::promql_std {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// With buckets on one side only, the other half of the zero bucket is taken to be empty.
void narrow_zero_bucket(const FloatHistogram& h, Bucket& bucket) {
  if (h.negative.counts.empty() && !h.positive.counts.empty()) bucket.lower = 0;
  if (h.positive.counts.empty() && !h.negative.counts.empty()) bucket.upper = 0;
}

double interpolate_exponentially(const Bucket& bucket, double fraction) {
  double lower = log_base2(std::fabs(bucket.lower)), upper = log_base2(std::fabs(bucket.upper));
  if (bucket.lower > 0) return power_of_two(lower + (upper - lower) * fraction);
  return -power_of_two(upper + (lower - upper) * (1 - fraction));
}

// Takes buckets off `walk` until `rank` observations are reached; `bucket` is the last one looked at.
template <class Walk>
double take_until(Walk& walk, double rank, Bucket& bucket) {
  double count = 0;
  for (Bucket next; walk.next(next);) {
    bucket = next;
    if (next.count == 0) continue;
    count += next.count;
    if (count >= rank) break;
  }
  return count;
}

// The part of a bucket's width below `value`, which lies inside.
double fraction_below(const Bucket& bucket, double value, bool linear) {
  if (linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  double lower = log_base2(std::fabs(bucket.lower)), upper = log_base2(std::fabs(bucket.upper));
  double at = log_base2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

}  // namespace

Estimate native_quantile(double q, const FloatHistogram& h) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (h.count == 0 || std::isnan(q)) return {kNaN};
  // From the nearer end, but upwards when there may be NaN observations: they count as greater than all others.
  bool has_nan_sum = std::isnan(h.sum);
  bool upwards = has_nan_sum || q < 0.5;
  double rank = upwards ? q * h.count : (1 - q) * h.count;
  AscendingBuckets ascending(h);
  DescendingBuckets descending(h);
  Bucket bucket;
  double count = upwards ? take_until(ascending, rank, bucket) : take_until(descending, rank, bucket);
  if (h.has_custom_buckets()) {
    if (bucket.lower == -kInfinity) {
      if (bucket.upper <= 0) return {bucket.upper};
      bucket.lower = 0;
    } else if (bucket.upper == kInfinity) {
      return {bucket.lower};
    }
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    narrow_zero_bucket(h, bucket);
  }
  if (count > h.count) count = h.count;  // Rounding.
  if (count < rank) return has_nan_sum ? Estimate{kNaN, NanEffect::kResultIsNan} : Estimate{bucket.upper};
  rank = upwards ? rank - (count - bucket.count) : count - rank;
  Estimate estimate{0};
  if (has_nan_sum) {
    // Observations of both infinities make the sum NaN too; then the buckets hold them all.
    for (Bucket rest; ascending.next(rest);) count += rest.count;
    if (count < h.count) estimate.effect = NanEffect::kSkewedHigher;
  }
  double fraction = rank / bucket.count;
  bool linear = h.has_custom_buckets() || (bucket.lower <= 0 && bucket.upper >= 0);
  estimate.value =
      linear ? bucket.lower + (bucket.upper - bucket.lower) * fraction : interpolate_exponentially(bucket, fraction);
  return estimate;
}

namespace {

// Finds how many observations lie below one limit while buckets go by.
class RankFinder {
 public:
  explicit RankFinder(double limit) : limit_(limit) {}

  bool found() const { return found_; }
  double rank() const { return rank_; }

  // The limit is the bucket's lower bound or was before it.
  void at_lower_bound(const Bucket& bucket, double rank_before) {
    if (!found_ && bucket.lower >= limit_) set(rank_before);
  }
  void inside(const Bucket& bucket, double rank_before, bool linear) {
    if (found_ || !(bucket.lower < limit_ && bucket.upper > limit_)) return;
    // In a bucket without a lower end nothing is known of where: all of it counts as below.
    if (linear && bucket.lower == -kInfinity) return set(bucket.count);
    set(rank_before + bucket.count * fraction_below(bucket, limit_, linear));
  }

 private:
  void set(double rank) {
    rank_ = rank;
    found_ = true;
  }

  double limit_;
  double rank_ = 0;
  bool found_ = false;
};

}  // namespace

Estimate native_fraction(double lower, double upper, const FloatHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNaN};
  if (lower >= upper) return {0};
  RankFinder low(lower), high(upper);
  double count = 0, rank = 0;
  AscendingBuckets walk(h);
  for (Bucket bucket; walk.next(bucket);) {
    count += bucket.count;
    bool linear = h.has_custom_buckets();
    if (h.has_custom_buckets()) {
      if (bucket.lower == -kInfinity && bucket.upper > 0) bucket.lower = 0;
    } else if (bucket.lower <= 0 && bucket.upper >= 0) {
      linear = true;
      narrow_zero_bucket(h, bucket);
    }
    low.at_lower_bound(bucket, rank);
    high.at_lower_bound(bucket, rank);
    if (low.found() && high.found()) break;
    low.inside(bucket, rank, linear);
    high.inside(bucket, rank, linear);
    if (low.found() && high.found()) break;
    rank += bucket.count;
  }
  Estimate estimate{0};
  if (std::isnan(h.sum)) {
    for (Bucket rest; walk.next(rest);) count += rest.count;
    if (count < h.count) estimate.effect = NanEffect::kExcluded;
  } else {
    count = h.count;
  }
  double low_rank = !low.found() || low.rank() > count ? count : low.rank();
  double high_rank = !high.found() || high.rank() > count ? count : high.rank();
  estimate.value = (high_rank - low_rank) / h.count;
  return estimate;
}

}  // namespace nightlight::promql_std
