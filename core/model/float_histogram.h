// Native histograms as queries compute with them: absolute float counts, with the arithmetic of Prometheus'
// FloatHistogram, bit for bit.
//
// Operations may leave empty buckets behind; `compact` removes them, after which equal contents have equal layouts. A
// layout is sound when the spans' lengths add up to the number of counts and no span but the first has a negative
// offset; `layout_error` says whether it is, and everything else here is safe (but not meaningful) on a broken one.
#ifndef NIGHTLIGHT_MODEL_FLOAT_HISTOGRAM_H_
#define NIGHTLIGHT_MODEL_FLOAT_HISTOGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "nightlight/columns.h"
#include "nightlight/function.h"

namespace nightlight {

// The positive or the negative buckets.
struct BucketSide {
  std::vector<BucketSpan> spans;
  std::vector<double> counts;
};

// What adding or subtracting had to reconcile; each deserves an annotation.
struct Reconciled {
  bool hint_conflict = false;  // One operand said "reset", the other "not reset".
  bool custom_bounds = false;  // Custom bounds differed and were intersected.
};

struct FloatHistogram {
  ResetHint reset_hint = ResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  BucketSide positive, negative;
  std::vector<double> custom_values;

  FloatHistogram() = default;
  explicit FloatHistogram(const Histogram& histogram) { assign(histogram); }

  // Takes over an integer or float histogram, reusing memory.
  void assign(const Histogram& histogram);
  // This histogram over the same memory: valid until it changes.
  Histogram view(int64_t timestamp_ms) const;
  // A copy in the arena, or null when the arena is over its limit.
  const Histogram* store(Arena* arena, int64_t timestamp_ms) const;

  bool has_custom_buckets() const { return schema == kCustomBucketsSchema; }
  bool is_stale() const;
  // The upper bound of positive bucket `index`; negative buckets mirror it.
  double bound(int32_t index) const;

  void multiply(double factor);
  // Division by zero makes the totals infinite or NaN and removes all buckets.
  void divide(double divisor);
  // Adds or subtracts another histogram of the same kind: the schema becomes the lower one, the zero bucket the wider
  // one (widened until it cuts no populated bucket), custom bounds the common ones. kInvalidArgument when only one of
  // the two has custom buckets, kDataLoss when a layout is broken; this histogram is then unchanged. Subtraction merges
  // hints as addition does: whoever shows the result of `-` or a rate marks it as a gauge.
  Result<Reconciled> add(const FloatHistogram& other) { return combine(other, 1); }
  Result<Reconciled> subtract(const FloatHistogram& other) { return combine(other, -1); }
  // Lowers the resolution of an exponential histogram; `target` must not be above its schema.
  void reduce_resolution(int32_t target);
  void compact();
  // Leaves the count, the sum, the schema and the hint; all buckets and bounds go.
  void drop_buckets();

  // The same data: counts by bits, layout bucket by bucket, empty buckets included. Hints do not count.
  bool equals(const FloatHistogram& other) const;
  // Whether a counter was reset between `previous` and this one.
  bool detect_reset(const FloatHistogram& previous) const;
  // Some count, sum or bucket is infinite.
  bool overflowed() const;

  // What keeping it counts against max-samples, in units of float samples.
  int64_t size_in_samples() const;
  // {count:10, sum:2.5, [-4,-2):1, (1,2]:7}
  std::string text() const;
  // What is wrong with the layout, in Prometheus' words; "" when it is sound.
  std::string layout_error() const;

 private:
  Result<Reconciled> combine(const FloatHistogram& other, double sign);
  bool detect_custom_reset(const FloatHistogram& previous) const;
};

// As above for a histogram at rest; no conversion.
int64_t size_in_samples(const Histogram& histogram);
bool is_stale(const Histogram& histogram);

// Merges the hint of an operand into that of the result; true when they contradict each other.
bool merge_hint(ResetHint& into, ResetHint other);

// The bounds that two custom layouts share.
std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b);

// The part of a histogram below (`</`) or above (`>/`) a limit. Buckets that contain the limit are interpolated; when
// anything was cut, count and sum are estimated anew.
void trim_above(FloatHistogram& histogram, double limit);
void trim_below(FloatHistogram& histogram, double limit);

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_FLOAT_HISTOGRAM_H_
