// What a native histogram says of its observations as a whole.
#include <cmath>

#include "model/buckets.h"
#include "model/kahan.h"
#include "promql_std/definition.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

double count(const FloatHistogram& h) { return h.count; }
double sum(const FloatHistogram& h) { return h.sum; }
double average(const FloatHistogram& h) { return h.sum / h.count; }

// Each observation counts as the middle of its bucket: the geometric mean of the bounds, 0 in the zero bucket, the
// arithmetic mean in custom buckets.
double variance(const FloatHistogram& h) {
  double mean = h.sum / h.count;
  CompensatedSum squares;
  AscendingBuckets walk(h);
  for (Bucket bucket; walk.next(bucket);) {
    if (bucket.count == 0) continue;
    double middle = 0;
    if (h.has_custom_buckets()) {
      middle = (bucket.upper + bucket.lower) / 2.0;
    } else if (!(bucket.lower <= 0 && bucket.upper >= 0)) {
      middle = std::sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) middle = -middle;
    }
    double delta = middle - mean;
    squares.add(bucket.count * delta * delta);
  }
  return (squares.sum + squares.compensation) / h.count;
}

double deviation(const FloatHistogram& h) { return std::sqrt(variance(h)); }

template <double (*kFunction)(const FloatHistogram&)>
Status map_histograms(Scope& scope, const Column& in, ColumnOut& out) {
  FloatHistogram room;
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    const Histogram* histogram = histogram_at(in, step);
    if (histogram == nullptr) continue;
    room.assign(*histogram);
    emit(out, step, kFunction(room));
  }
  return kOkStatus;
}

constexpr Definition kFunctions[] = {
    column_function("histogram_count", view_of(kVectorOnly), map_histograms<count>, "The number of observations.",
                    kNeedsHistograms),
    column_function("histogram_sum", view_of(kVectorOnly), map_histograms<sum>, "The sum of the observations.",
                    kNeedsHistograms),
    column_function("histogram_avg", view_of(kVectorOnly), map_histograms<average>, "The mean of the observations.",
                    kNeedsHistograms),
    column_function("histogram_stddev", view_of(kVectorOnly), map_histograms<deviation>,
                    "The estimated standard deviation of the observations.", kNeedsHistograms),
    column_function("histogram_stdvar", view_of(kVectorOnly), map_histograms<variance>,
                    "The estimated variance of the observations.", kNeedsHistograms),
};

}  // namespace

std::span<const Definition> histogram_column_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
