// The operators `</` and `>/`: what of a histogram lies below or above a limit.
#include <cmath>

#include "model/buckets.h"
#include "model/float_histogram.h"
#include "model/logarithm.h"

namespace nightlight {
namespace {

// What stays of a bucket, and the value that stands for its observations in the new sum.
struct Kept {
  double count;
  double midpoint;
};

double midpoint(double lower, double upper, bool positive, bool linear) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (linear) return (lower + upper) / 2;
  double mean = std::sqrt(std::fabs(lower * upper));
  return positive ? mean : -mean;
}

// The part of a bucket's width below `limit`, which lies inside; logarithmic for exponential buckets.
double fraction_below(const Bucket& bucket, double limit, bool linear) {
  if (linear) return (limit - bucket.lower) / (bucket.upper - bucket.lower);
  double lower = log_base2(std::fabs(bucket.lower));
  double upper = log_base2(std::fabs(bucket.upper));
  double at = log_base2(std::fabs(limit));
  return limit > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

double finite_or_zero(double value) { return std::isinf(value) ? 0 : value; }

// Within a bucket that reaches to an infinity nothing is known of where the observations are, except that the first
// custom bucket with a positive bound counts as starting at 0.
Kept cut_unbounded(const Bucket& bucket, double limit, bool keep_below) {
  if (std::isinf(bucket.lower) && bucket.lower < 0) {
    bool starts_at_zero = !std::isinf(bucket.upper) || bucket.upper < 0;
    if (keep_below) {
      if (limit >= bucket.upper) return {bucket.count, 0};
      if (limit > 0 && bucket.upper > 0 && starts_at_zero) return {bucket.count * limit / bucket.upper, limit / 2};
      if (bucket.upper <= 0) return {bucket.count, limit};
      return {0, finite_or_zero(bucket.upper)};
    }
    if (limit <= bucket.lower) return {bucket.count, 0};
    if (limit >= 0 && bucket.upper > limit && starts_at_zero) {
      return {bucket.count * (1 - limit / bucket.upper), (limit + bucket.upper) / 2};
    }
    return {0, finite_or_zero(bucket.upper)};
  }
  if (!keep_below && limit >= bucket.lower) return {bucket.count, limit};
  return {0, finite_or_zero(bucket.lower)};
}

Kept cut(const Bucket& bucket, double limit, bool keep_below, bool positive, bool linear) {
  bool keeps_all = keep_below ? bucket.upper <= limit : bucket.lower >= limit;
  if (keeps_all) return {bucket.count, midpoint(bucket.lower, bucket.upper, positive, linear)};
  bool contains = keep_below ? bucket.lower < limit : bucket.upper > limit;
  if (!contains) return {0, 0};
  if (std::isinf(bucket.lower) || std::isinf(bucket.upper)) return cut_unbounded(bucket, limit, keep_below);
  double below = limit <= bucket.lower   ? 0
                 : limit >= bucket.upper ? bucket.count
                                         : bucket.count * fraction_below(bucket, limit, linear);
  if (keep_below) return {below, midpoint(bucket.lower, limit, positive, linear)};
  return {bucket.count - below, midpoint(limit, bucket.upper, positive, linear)};
}

Kept cut_zero_bucket(const FloatHistogram& histogram, double limit, bool keep_below, bool has_negative,
                     bool has_positive) {
  double lower = has_positive && !has_negative ? 0 : -histogram.zero_threshold;
  double upper = has_negative && !has_positive ? 0 : histogram.zero_threshold;
  double count = histogram.zero_count;
  if (limit <= lower) return keep_below ? Kept{0, 0} : Kept{count, (lower + upper) / 2};
  if (limit >= upper) return keep_below ? Kept{count, (lower + upper) / 2} : Kept{0, 0};
  if (keep_below) return {count * ((limit - lower) / (upper - lower)), (lower + limit) / 2};
  return {count * ((upper - limit) / (upper - lower)), (limit + upper) / 2};
}

void trim(FloatHistogram& histogram, double limit, bool keep_below) {
  double count = 0, sum = 0;
  bool changed = false;
  bool linear = histogram.has_custom_buckets();
  auto take = [&](Kept kept, double& bucket) {
    count += kept.count;
    sum += kept.midpoint * kept.count;
    changed = changed || bucket != kept.count;
    bucket = kept.count;
  };
  auto trim_side = [&](BucketSide& side, bool positive) {
    bool populated = false;
    for (BucketCursor cursor(side); cursor.next();) {
      if (cursor.count() == 0) continue;
      populated = true;
      Bucket bucket = positive ? positive_bucket(histogram, cursor.index(), cursor.count())
                               : negative_bucket(histogram, cursor.index(), cursor.count());
      take(cut(bucket, limit, keep_below, positive, linear), side.counts[cursor.position()]);
    }
    return populated;
  };
  bool has_positive = trim_side(histogram.positive, true);
  bool has_negative = trim_side(histogram.negative, false);
  if (histogram.zero_count > 0) {
    Kept kept = cut_zero_bucket(histogram, limit, keep_below, has_negative, has_positive);
    take(kept, histogram.zero_count);
  }
  if (!changed) return;
  histogram.count = count;
  histogram.sum = sum;
  histogram.compact();
}

}  // namespace

void trim_above(FloatHistogram& histogram, double limit) { trim(histogram, limit, true); }
void trim_below(FloatHistogram& histogram, double limit) { trim(histogram, limit, false); }

}  // namespace nightlight
