// Quantiles of values, as PromQL has them.
#ifndef NIGHTLIGHT_MODEL_QUANTILE_H_
#define NIGHTLIGHT_MODEL_QUANTILE_H_

#include <vector>

namespace nightlight {

// The q-quantile, interpolated between the two values around rank q * (n - 1); NaN counts as the least value. Reorders
// `values`, which are not empty. Outside of 0..1 it is -Inf or +Inf; NaN for NaN.
double quantile(double q, std::vector<double>& values);

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_QUANTILE_H_
