#include "model/histogram_sum.h"

#include <algorithm>

#include "model/bucket_merge.h"

namespace nightlight {
namespace {

void scale(std::vector<double>& values, double factor) {
  for (double& value : values) value *= factor;
}
void shrink(std::vector<double>& values, double divisor) {
  for (double& value : values) value /= divisor;
}

void add_compensated(double& sum, double& correction, double value) {
  CompensatedSum total{sum, correction};
  total.add(value);
  sum = total.sum;
  correction = total.compensation;
}

void add_side(BucketSide& into, const Correction& correction) {
  for (size_t i = 0; i < into.counts.size(); ++i) into.counts[i] += correction[i];
}

}  // namespace

Result<Reconciled> HistogramSum::add(const FloatHistogram& other) {
  if (sum_.has_custom_buckets() != other.has_custom_buckets()) {
    return Error{Code::kInvalidArgument,
                 "cannot apply this operation on histograms with a mix of exponential and custom bucket schemas"};
  }
  for (const FloatHistogram* operand : {static_cast<const FloatHistogram*>(&sum_), &other}) {
    if (std::string text = operand->layout_error(); !text.empty()) return Error{Code::kDataLoss, std::move(text)};
  }
  if (!corrected_) {
    corrected_ = true;
    positive_correction_.assign(sum_.positive.counts.size(), 0);
    negative_correction_.assign(sum_.negative.counts.size(), 0);
  }
  Reconciled reconciled;
  reconciled.hint_conflict = merge_hint(sum_.reset_hint, other.reset_hint);
  if (!sum_.has_custom_buckets()) {
    CompensatedSum zero = reconcile_zero_buckets(other);
    add_compensated(sum_.zero_count, zero_correction_, zero.sum);
    add_compensated(sum_.zero_count, zero_correction_, zero.compensation);
  }
  add_compensated(sum_.count, count_correction_, other.count);
  add_compensated(sum_.sum, sum_correction_, other.sum);
  if (sum_.has_custom_buckets() && sum_.custom_values != other.custom_values) {
    reconciled.custom_bounds = true;
    std::vector<double> common = common_bounds(sum_.custom_values, other.custom_values);
    std::vector<CompensatedSum> target(common.size() + 1);
    fold_custom_side(sum_.positive, &positive_correction_, 1, sum_.custom_values, common, target);
    fold_custom_side(other.positive, nullptr, 1, other.custom_values, common, target);
    unfold_custom_side(target, sum_.positive, &positive_correction_);
    sum_.custom_values = std::move(common);
    return reconciled;
  }
  if (other.schema < sum_.schema) {
    reduce_side(sum_.positive, &positive_correction_, sum_.schema, other.schema);
    reduce_side(sum_.negative, &negative_correction_, sum_.schema, other.schema);
    sum_.schema = other.schema;
  }
  auto merge = [&](BucketSide& into, Correction& correction, const BucketSide& from) {
    if (other.schema == sum_.schema) return merge_side(into, &correction, from, nullptr, 1, sum_);
    BucketSide reduced = from;
    Correction reduced_correction(from.counts.size(), 0);
    reduce_side(reduced, &reduced_correction, other.schema, sum_.schema);
    merge_side(into, &correction, reduced, &reduced_correction, 1, sum_);
  };
  merge(sum_.positive, positive_correction_, other.positive);
  merge(sum_.negative, negative_correction_, other.negative);
  return reconciled;
}

CompensatedSum HistogramSum::reconcile_zero_buckets(const FloatHistogram& other) {
  CompensatedSum other_zero{other.zero_count, 0};
  double threshold = other.zero_threshold;
  while (threshold != sum_.zero_threshold) {
    if (sum_.zero_threshold > threshold) {
      threshold = sum_.zero_threshold;
      other_zero = widened_zero_count(other, {other.zero_count, 0}, nullptr, nullptr, threshold);
    }
    if (threshold > sum_.zero_threshold) {
      double widened = threshold;
      CompensatedSum zero = widened_zero_count(sum_, {sum_.zero_count, zero_correction_}, &positive_correction_,
                                               &negative_correction_, widened);
      sum_.zero_count = zero.sum;
      zero_correction_ = zero.compensation;
      sum_.zero_threshold = widened;
      empty_zero_range(sum_, &positive_correction_, &negative_correction_);
    }
  }
  return other_zero;
}

void HistogramSum::multiply(double factor) {
  sum_.multiply(factor);
  for (double* value : {&zero_correction_, &count_correction_, &sum_correction_}) *value *= factor;
  scale(positive_correction_, factor);
  scale(negative_correction_, factor);
}

void HistogramSum::divide(double divisor) {
  sum_.divide(divisor);
  for (double* value : {&zero_correction_, &count_correction_, &sum_correction_}) *value /= divisor;
  shrink(positive_correction_, divisor);
  shrink(negative_correction_, divisor);
}

FloatHistogram HistogramSum::total() const {
  FloatHistogram total = sum_;
  if (!corrected_) return total;
  total.zero_count += zero_correction_;
  total.count += count_correction_;
  total.sum += sum_correction_;
  add_side(total.positive, positive_correction_);
  add_side(total.negative, negative_correction_);
  return total;
}

Result<Reconciled> HistogramMean::add(const FloatHistogram& other) {
  count_ += 1;
  if (!incremental_) {
    HistogramSum before = sum_;
    NIGHTLIGHT_ASSIGN(reconciled, sum_.add(other));
    if (!sum_.uncorrected().overflowed()) return reconciled;
    sum_ = std::move(before);
    sum_.divide(count_ - 1);
    incremental_ = true;
  }
  sum_.multiply((count_ - 1) / count_);
  FloatHistogram share = other;
  share.divide(count_);
  return sum_.add(share);
}

FloatHistogram HistogramMean::mean() const {
  if (incremental_) return sum_.total();
  HistogramSum mean = sum_;
  mean.divide(count_);
  return mean.total();
}

}  // namespace nightlight
