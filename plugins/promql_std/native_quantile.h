// Quantiles and fractions of one native histogram.
#ifndef NIGHTLIGHT_PROMQL_STD_NATIVE_QUANTILE_H_
#define NIGHTLIGHT_PROMQL_STD_NATIVE_QUANTILE_H_

#include "model/float_histogram.h"

namespace nightlight::promql_std {

// What a histogram with NaN observations did to a result.
enum class NanEffect { kNone, kResultIsNan, kSkewedHigher, kExcluded };

struct Estimate {
  double value;
  NanEffect effect = NanEffect::kNone;
};

// Interpolated within the bucket that holds rank q: linearly in custom buckets and the zero bucket, else on a
// logarithmic scale.
Estimate native_quantile(double q, const FloatHistogram& histogram);
// The share of observations between two values, by the same interpolation.
Estimate native_fraction(double lower, double upper, const FloatHistogram& histogram);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_NATIVE_QUANTILE_H_
