// How the values of a window are spread: deviation, quantiles.
#include <algorithm>
#include <cmath>
#include <limits>

#include "model/kahan.h"
#include "model/quantile.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {

namespace {

// Welford's method with compensated sums.
double variance(const double* values, uint32_t begin, uint32_t end) {
  double count = 0;
  CompensatedSum mean, squares;
  for (uint32_t i = begin; i < end; ++i) {
    count += 1;
    double delta = values[i] - (mean.sum + mean.compensation);
    mean.add(delta / count);
    squares.add(delta * (values[i] - (mean.sum + mean.compensation)));
  }
  return (squares.sum + squares.compensation) / count;
}

Status stdvar_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    emit(out, step, variance(w.values, begin, end));
  });
}

Status stddev_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    emit(out, step, std::sqrt(variance(w.values, begin, end)));
  });
}

Status quantile_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  std::vector<double>& values = scope.scratch.values;
  return each_float_window(scope, w, 1, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    double q = scope.scalar(0, step);
    if (!(q >= 0 && q <= 1)) scope.warn(notes::invalid_quantile(q), 0);
    values.assign(w.values + begin, w.values + end);
    emit(out, step, quantile(q, values));
  });
}

// The median of the distances from the median.
Status mad_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  std::vector<double>& values = scope.scratch.values;
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    values.assign(w.values + begin, w.values + end);
    if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
      emit(out, step, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    double median = quantile(0.5, values);
    for (double& v : values) v = std::fabs(v - median);
    emit(out, step, quantile(0.5, values));
  });
}

constexpr Definition kFunctions[] = {
    window_function("stddev_over_time", view_of(kMatrixOnly), stddev_over_time, "The population standard deviation."),
    window_function("stdvar_over_time", view_of(kMatrixOnly), stdvar_over_time, "The population variance."),
    window_function("quantile_over_time", view_of(kScalarMatrix), quantile_over_time, "A quantile of the values."),
    window_function("mad_over_time", view_of(kMatrixOnly), mad_over_time, "The median absolute deviation.",
                    kExperimental),
};

}  // namespace

std::span<const Definition> spread_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
