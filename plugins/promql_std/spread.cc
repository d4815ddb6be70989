// How the values of a window are spread: deviation, quantiles.
#include <algorithm>
#include <cmath>
#include <limits>

#include "model/kahan.h"
#include "model/quantile.h"
#include "promql_std/lanes.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {

namespace {

// Welford's method with compensated sums.
struct Spread {
  double count = 0;
  CompensatedSum mean, squares;

  void add(double value) {
    count += 1;
    const double delta = value - (mean.sum + mean.compensation);
    mean.add(delta / count);
    squares.add(delta * (value - (mean.sum + mean.compensation)));
  }
  double variance() const { return (squares.sum + squares.compensation) / count; }
};

// Of the samples that all windows of a group have.
template <bool kInStep>
[[gnu::always_inline]] inline void spread_common_of(const double* values, const WindowGroup& group, Spread* out) {
  LaneSums mean[kVectors], squares[kVectors];
  Lanes counted{};
  const uint32_t count = group.common();
  for (uint32_t i = 0; i < count; ++i) {
    counted += 1;
    for (size_t v = 0; v < kVectors; ++v) {
      Lanes value;
      load<kInStep>(values, group, v, i, value);
      const Lanes delta = value - (mean[v].sum + mean[v].compensation);
      mean[v].add(delta / counted);
      squares[v].add(delta * (value - (mean[v].sum + mean[v].compensation)));
    }
  }
  for (size_t k = 0; k < kWindows; ++k)
    out[k] = {counted[0], mean[k / kLanes].lane(k % kLanes), squares[k / kLanes].lane(k % kLanes)};
}

NIGHTLIGHT_VECTOR_CLONES void spread_common(const double* values, const WindowGroup& group, Spread* out) {
  group.in_step() ? spread_common_of<true>(values, group, out) : spread_common_of<false>(values, group, out);
}

// Calls use(step, variance) for every window.
template <class Use>
Status each_variance(const Scope& scope, const Windows& w, Use&& use) {
  WindowGroup group;
  auto finish = [&] {
    Spread of_windows[kWindows];
    const bool full = group.full();
    if (full) spread_common(w.values, group, of_windows);
    for (size_t k = 0; k < group.size; ++k) {
      Spread& spread = of_windows[k];
      if (!is_exact(spread.mean) || !is_exact(spread.squares)) spread = Spread{};
      const uint32_t begin = group.begin[k] + static_cast<uint32_t>(spread.count);
      for (uint32_t i = begin; i < group.end[k]; ++i) spread.add(w.values[i]);
      use(group.step[k], spread.variance());
    }
    group.begin_next();
  };
  Status status = each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    group.add(step, begin, end);
    if (group.full()) finish();
  });
  group.complete();
  finish();
  return status;
}

Status stdvar_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_variance(scope, w, [&](uint64_t step, double variance) { emit(out, step, variance); });
}

Status stddev_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_variance(scope, w, [&](uint64_t step, double variance) { emit(out, step, std::sqrt(variance)); });
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
