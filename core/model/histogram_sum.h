// Sums and means of many histograms, compensated as in Prometheus (every count, bucket and sum carries its own
// correction).
#ifndef NIGHTLIGHT_MODEL_HISTOGRAM_SUM_H_
#define NIGHTLIGHT_MODEL_HISTOGRAM_SUM_H_

#include <vector>

#include "model/float_histogram.h"
#include "model/kahan.h"

namespace nightlight {

class HistogramSum {
 public:
  HistogramSum() = default;
  explicit HistogramSum(const FloatHistogram& first) : sum_(first) {}
  explicit HistogramSum(FloatHistogram&& first) : sum_(std::move(first)) {}

  // As FloatHistogram::add, errors included.
  Result<Reconciled> add(const FloatHistogram& other);
  void multiply(double factor);
  void divide(double divisor);

  // Without the corrections.
  const FloatHistogram& uncorrected() const { return sum_; }
  // With them; not compacted.
  FloatHistogram total() const;

 private:
  // The zero bucket of `other` after both have the same threshold.
  CompensatedSum reconcile_zero_buckets(const FloatHistogram& other);
  void compact();

  FloatHistogram sum_;
  bool corrected_ = false;  // False while there is but one addend.
  double zero_correction_ = 0, count_correction_ = 0, sum_correction_ = 0;
  std::vector<double> positive_correction_, negative_correction_;  // Parallel to the counts of sum_.
};

// The mean: of the sum as long as that does not overflow, incremental from then on.
class HistogramMean {
 public:
  HistogramMean() = default;
  explicit HistogramMean(const FloatHistogram& first) : sum_(first) {}

  Result<Reconciled> add(const FloatHistogram& other);
  // Not compacted.
  FloatHistogram mean() const;

 private:
  HistogramSum sum_;  // Or the mean so far, when incremental.
  double count_ = 1;
  bool incremental_ = false;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_HISTOGRAM_SUM_H_
