// Lines through the samples of a window, smoothing, and the area below them.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "model/kahan.h"
#include "promql_std/lanes.h"
#include "promql_std/running_sums.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

struct Line {
  double slope, intercept;
};

// What least squares need of a window: x in seconds from an origin. What depends on the times alone ...
using TimeMoments = TimeSums::Moments;

// ... and the rest.
struct ValueMoments {
  CompensatedSum y, xy;
  double first;
  bool constant;

  void add(double value, double seconds) {
    constant = constant && value == first;
    y.add(value);
    xy.add(seconds * value);
  }
};

Line line_of(const TimeMoments& times, const ValueMoments& values, double n) {
  if (values.constant) {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    return std::isinf(values.first) ? Line{kNaN, kNaN} : Line{0, values.first};
  }
  const double x = times.x.sum + times.x.compensation, y = values.y.sum + values.y.compensation;
  const double covariance = (values.xy.sum + values.xy.compensation) - x * y / n;
  const double variance = (times.xx.sum + times.xx.compensation) - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

double seconds_between(double time_ms, double origin_ms) { return (time_ms - origin_ms) / 1e3; }

// Of the samples that all windows of the group have; `times` and `origins` in milliseconds.
template <bool kInStep>
[[gnu::always_inline]] inline void add_common_times_of(const double* times, const WindowGroup& group,
                                                       const double* origins, TimeMoments* out) {
  LaneSums x[kVectors], xx[kVectors];
  Lanes origin[kVectors];
  std::memcpy(&origin, origins, sizeof origin);
  const uint32_t count = group.common();
  for (uint32_t i = 0; i < count; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      Lanes time;
      load<kInStep>(times, group, v, i, time);
      const Lanes seconds = (time - origin[v]) / 1e3;
      x[v].add(seconds);
      xx[v].add(seconds * seconds);
    }
  }
  for (size_t k = 0; k < kWindows; ++k) out[k] = {x[k / kLanes].lane(k % kLanes), xx[k / kLanes].lane(k % kLanes)};
}

NIGHTLIGHT_VECTOR_CLONES void add_common_times(const double* times, const WindowGroup& group, const double* origins,
                                               TimeMoments* out) {
  group.in_step() ? add_common_times_of<true>(times, group, origins, out)
                  : add_common_times_of<false>(times, group, origins, out);
}

// Without the sums of the values themselves when kWithSum is false.
template <bool kInStep, bool kWithSum>
[[gnu::always_inline]] inline void add_common_values_of(const double* values, const double* times,
                                                        const WindowGroup& group, const double* origins,
                                                        ValueMoments* out) {
  LaneSums y[kVectors], xy[kVectors];
  Lanes first[kVectors], origin[kVectors];
  LaneMask constant[kVectors];
  std::memcpy(&origin, origins, sizeof origin);
  for (size_t v = 0; v < kVectors; ++v) {
    load<kInStep>(values, group, v, 0, first[v]);
    constant[v] = LaneMask{} - 1;
  }
  const uint32_t count = group.common();
  for (uint32_t i = 0; i < count; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      Lanes value, time;
      load<kInStep>(values, group, v, i, value);
      load<kInStep>(times, group, v, i, time);
      constant[v] &= value == first[v];
      if constexpr (kWithSum) y[v].add(value);
      xy[v].add((time - origin[v]) / 1e3 * value);
    }
  }
  for (size_t k = 0; k < kWindows; ++k) {
    const size_t v = k / kLanes, lane = k % kLanes;
    out[k] = {y[v].lane(lane), xy[v].lane(lane), first[v][lane], constant[v][lane] != 0};
  }
}

NIGHTLIGHT_VECTOR_CLONES void add_common_values(const double* values, const double* times, const WindowGroup& group,
                                                const double* origins, ValueMoments* out) {
  group.in_step() ? add_common_values_of<true, true>(values, times, group, origins, out)
                  : add_common_values_of<false, true>(values, times, group, origins, out);
}

NIGHTLIGHT_VECTOR_CLONES void add_common_products(const double* values, const double* times, const WindowGroup& group,
                                                  const double* origins, ValueMoments* out) {
  group.in_step() ? add_common_values_of<true, false>(values, times, group, origins, out)
                  : add_common_values_of<false, false>(values, times, group, origins, out);
}

// Fits a line to every window of two floats or more and calls `use(step, line)`; `origin_ms(step, begin)` is where x
// is 0.
template <class Origin, class Use>
Status each_line(Scope& scope, const Windows& w, Origin&& origin_ms, Use&& use) {
  // As numbers, exact for some 285,000 years around 1970.
  std::vector<double>& times = scope.scratch.values;
  const uint32_t end_of_all = floats_end(w, scope.steps());
  times.resize(end_of_all);
  for (uint32_t i = w.begin[0]; i < end_of_all; ++i) times[i] = static_cast<double>(w.timestamps_ms[i]);
  std::vector<double>& sums = scope.scratch.more_values;
  const bool whole = exact_running_sums(w.values, w.begin[0], end_of_all, sums);
  // The sums over times are kept for series with the same ones.
  TimeSums& kept = scope.scratch.time_sums;
  const bool known = w.timing_id != 0 && w.timing_id == kept.timing_id;
  kept.timing_id = 0;  // Until all are there.
  kept.moments.resize(scope.steps());
  WindowGroup group;
  auto finish = [&] {
    double origins[kWindows];
    TimeMoments of_times[kWindows];
    ValueMoments of_values[kWindows];
    uint32_t done = 0;
    for (size_t k = 0; k < group.size; ++k) {
      origins[k] = static_cast<double>(origin_ms(group.step[k], group.begin[k]));
      of_values[k].first = w.values[group.begin[k]];
      of_values[k].constant = true;
      if (known) of_times[k] = kept.moments[group.step[k]];
    }
    if (group.full()) {
      if (!known) add_common_times(times.data(), group, origins, of_times);
      (whole ? add_common_products : add_common_values)(w.values, times.data(), group, origins, of_values);
      done = group.common();
    }
    for (size_t k = 0; k < group.size; ++k) {
      uint32_t i = group.begin[k] + done;
      if (done > 0 && !(is_exact(of_values[k].y) && is_exact(of_values[k].xy))) {
        of_values[k] = ValueMoments{{}, {}, w.values[group.begin[k]], true};
        for (i = group.begin[k]; i < group.begin[k] + done; ++i)
          of_values[k].add(w.values[i], seconds_between(times[i], origins[k]));
      }
      for (; i < group.end[k]; ++i) {
        const double seconds = seconds_between(times[i], origins[k]);
        if (!known) {
          of_times[k].x.add(seconds);
          of_times[k].xx.add(seconds * seconds);
        }
        of_values[k].add(w.values[i], seconds);
      }
      if (whole) of_values[k].y = {sums[group.end[k]] - sums[group.begin[k]], 0};
      kept.moments[group.step[k]] = of_times[k];
      use(group.step[k], line_of(of_times[k], of_values[k], group.end[k] - group.begin[k]));
    }
    group.size = 0;
  };
  Status status = each_float_window(scope, w, 0, 2, [&](uint64_t step, uint32_t begin, uint32_t end) {
    group.add(step, begin, end);
    if (group.full()) finish();
  });
  finish();
  if (status.ok()) kept.timing_id = w.timing_id;
  return status;
}

Status deriv(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_line(
      scope, w, [&](uint64_t, uint32_t begin) { return w.timestamps_ms[begin]; },
      [&](uint64_t step, Line line) { emit(out, step, line.slope); });
}

// From the evaluation time on, whatever offset the window has.
Status predict_linear(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_line(
      scope, w, [&](uint64_t step, uint32_t) { return scope.time_ms(step); },
      [&](uint64_t step, Line line) { emit(out, step, line.slope * scope.scalar(1, step) + line.intercept); });
}

bool is_factor(double v) { return !(v <= 0 || v >= 1); }

std::string bad_factor(const char* which, const char* name, double v) {
  char number[400];
  std::snprintf(number, sizeof number, std::isfinite(v) ? "%f" : std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf", v);
  return std::string("invalid ") + which + " factor. Expected: 0 < " + name + " < 1, got: " + number;
}

double smooth(const double* values, uint32_t begin, uint32_t end, double smoothing, double trend_factor) {
  double level = values[begin], previous = 0;
  double trend = values[begin + 1] - values[begin];
  for (uint32_t i = begin + 1; i < end; ++i) {
    double scaled = smoothing * values[i];
    if (i > begin + 1) {
      double change = trend_factor * (level - previous);
      double kept = (1 - trend_factor) * trend;
      trend = change + kept;
    }
    double expected = (1 - smoothing) * (level + trend);
    previous = level;
    level = scaled + expected;
  }
  return level;
}

Status double_exponential_smoothing(Scope& scope, const Windows& w, ColumnOut& out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (window_at(w, step).empty()) continue;
    double smoothing = scope.scalar(1, step), trend = scope.scalar(2, step);
    if (!is_factor(smoothing)) return scope.fail(Code::kFailedPrecondition, bad_factor("smoothing", "sf", smoothing));
    if (!is_factor(trend)) return scope.fail(Code::kFailedPrecondition, bad_factor("trend", "tf", trend));
  }
  return each_float_window(scope, w, 0, 2, [&](uint64_t step, uint32_t begin, uint32_t end) {
    emit(out, step, smooth(w.values, begin, end, scope.scalar(1, step), scope.scalar(2, step)));
  });
}

enum class Strategy { kLeft, kRight, kTrapezoid };

// The height of the area between two samples, with what rounding took from it.
CompensatedSum height(Strategy strategy, double left, double right) {
  if (strategy == Strategy::kLeft) return {left, 0};
  if (strategy == Strategy::kRight) return {right, 0};
  if (left == 0 && right == 0) return {};
  CompensatedSum sum{left, 0};
  sum.add(right);
  if (std::isinf(sum.sum) && !std::isinf(left) && !std::isinf(right)) {
    sum = {left / 2, 0};
    sum.add(right / 2);
    return sum;
  }
  return {sum.sum / 2, sum.compensation / 2};
}

// NaN counts as 0.
double area(const Windows& w, uint32_t begin, uint32_t end, Strategy strategy) {
  auto value = [&](uint32_t i) { return std::isnan(w.values[i]) ? 0.0 : w.values[i]; };
  CompensatedSum sum;
  for (uint32_t i = begin + 1; i < end; ++i) {
    CompensatedSum h = height(strategy, value(i - 1), value(i));
    if (h.sum == 0 && h.compensation == 0) continue;
    double seconds = static_cast<double>(w.timestamps_ms[i] - w.timestamps_ms[i - 1]) / 1000;
    sum.compensation += h.compensation * seconds;
    sum.add(h.sum * seconds);
  }
  return sum.total();
}

Status integral(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    double wanted = scope.argument_count() > 1 ? scope.scalar(1, step) : 2;
    Strategy strategy = wanted == 0 ? Strategy::kLeft : wanted == 1 ? Strategy::kRight : Strategy::kTrapezoid;
    if (wanted != 0 && wanted != 1 && wanted != 2) scope.warn(notes::invalid_strategy(wanted), 1);
    emit(out, step, area(w, begin, end, strategy));
  });
}

constexpr ValueType kSmoothing[] = {ValueType::kMatrix, ValueType::kScalar, ValueType::kScalar};

constexpr Definition kFunctions[] = {
    window_function("deriv", view_of(kMatrixOnly), deriv, "The slope per second, by least squares."),
    window_function("predict_linear", view_of(kMatrixScalar), predict_linear,
                    "The value in so many seconds, by least squares.", kTimeDependent),
    window_function("double_exponential_smoothing", view_of(kSmoothing), double_exponential_smoothing,
                    "Smoothed with a smoothing and a trend factor.", kExperimental),
    window_function("integral", view_of(kMatrixScalar), integral,
                    "The area below the samples: by left (0), right (1) or trapezoidal rule (2).", kExperimental, 1),
};

}  // namespace

std::span<const Definition> trend_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
