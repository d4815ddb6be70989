// Lines through the samples of a window, by least squares.
#include <algorithm>
#include <cmath>
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

// The same when the windows begin one after the other and `seconds` are the places of the samples of each. Whether all
// values are the same is for the caller to know.
template <bool kWithSum>
[[gnu::always_inline]] inline void add_values_on_ramp_of(const double* values, const double* seconds, uint32_t count,
                                                         ValueMoments* out) {
  LaneSums y[kVectors], xy[kVectors];
  for (uint32_t i = 0; i < count; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      Lanes value;
      std::memcpy(&value, values + i + v * kLanes, sizeof value);
      if constexpr (kWithSum) y[v].add(value);
      xy[v].add(seconds[i] * value);
    }
  }
  for (size_t k = 0; k < kWindows; ++k) {
    out[k].y = y[k / kLanes].lane(k % kLanes);
    out[k].xy = xy[k / kLanes].lane(k % kLanes);
  }
}

NIGHTLIGHT_VECTOR_CLONES void add_values_on_ramp(const double* values, const double* seconds, uint32_t count,
                                                 bool with_sum, ValueMoments* out) {
  with_sum ? add_values_on_ramp_of<true>(values, seconds, count, out)
           : add_values_on_ramp_of<false>(values, seconds, count, out);
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

// Where samples come at one interval and steps at multiples of it, they have the same few places in all windows:
// `ramp.seconds`, of which a window's samples have as many from number `offsets[step]` on. False where they do not.
template <class Origin>
bool find_ramp(const Scope& scope, const Windows& w, Origin&& origin_ms, TimeRamp& ramp) {
  constexpr int64_t kExactMs = int64_t{1} << 53;
  auto is_exact_time = [](int64_t ms) { return ms >= -kExactMs && ms <= kExactMs; };
  const uint32_t begin = w.begin[0], end = floats_end(w, scope.steps());
  if (end - begin < kWindows) return false;
  if (!is_exact_time(w.timestamps_ms[begin]) || !is_exact_time(w.timestamps_ms[end - 1])) return false;
  const int64_t interval_ms = w.timestamps_ms[begin + 1] - w.timestamps_ms[begin];
  if (interval_ms <= 0) return false;
  for (uint32_t i = begin + 2; i < end; ++i)
    if (w.timestamps_ms[i] - w.timestamps_ms[i - 1] != interval_ms) return false;
  int64_t least_ms = INT64_MAX, most_ms = INT64_MIN;
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (w.begin[step] == w.end[step]) continue;
    const int64_t origin = origin_ms(step, w.begin[step]);
    if (!is_exact_time(origin)) return false;
    least_ms = std::min(least_ms, w.timestamps_ms[w.begin[step]] - origin);
    most_ms = std::max(most_ms, w.timestamps_ms[w.end[step] - 1] - origin);
  }
  const int64_t places = (most_ms - least_ms) / interval_ms + 1;
  if (places > int64_t{end} - begin) return false;
  ramp.offsets.resize(scope.steps());
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (w.begin[step] == w.end[step]) continue;
    const int64_t from_ms = w.timestamps_ms[w.begin[step]] - origin_ms(step, w.begin[step]) - least_ms;
    if (from_ms % interval_ms != 0) return false;
    ramp.offsets[step] = static_cast<uint32_t>(from_ms / interval_ms);
  }
  ramp.seconds.resize(static_cast<size_t>(places));
  for (int64_t i = 0; i < places; ++i)
    ramp.seconds[static_cast<size_t>(i)] = static_cast<double>(least_ms + i * interval_ms) / 1e3;
  return true;
}

// The places from `from` to `to` at each of which the windows of a group have consecutive samples, beginning with
// number `at + place` for the first window. What would be in front of the first sample of all is no window's yet.
struct Stretch {
  uint32_t from, to;
  int64_t at;
};

// False when the windows do not go in step.
bool find_stretch(const TimeRamp& ramp, const WindowGroup& group, uint32_t first_sample, Stretch& out) {
  out.from = out.to = UINT32_MAX;
  out.at = int64_t{group.begin[0]} - ramp.offsets[group.step[0]];
  for (size_t k = 0; k < kWindows; ++k) {
    const uint32_t offset = ramp.offsets[group.step[k]];
    if (int64_t{group.begin[k]} - offset != out.at + static_cast<int64_t>(k)) return false;
    out.from = std::min(out.from, offset);
    out.to = std::min(out.to, offset + (group.end[k] - group.begin[k]));
  }
  for (size_t k = 0; k < kWindows; ++k)
    if (ramp.offsets[group.step[k]] != out.from && group.begin[k] != first_sample) return false;
  return out.from < out.to;
}

// `ends[i]` becomes where the values stop being that of number i.
void find_constants(const double* values, uint32_t begin, uint32_t end, std::vector<uint32_t>& ends) {
  ends.resize(end);
  for (uint32_t i = end; i-- > begin;) ends[i] = i + 1 < end && values[i + 1] == values[i] ? ends[i + 1] : i + 1;
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
  TimeRamp& ramp = kept.ramp;
  if (!known) ramp.is_one = find_ramp(scope, w, origin_ms, ramp);
  std::vector<uint32_t>& constant_until = scope.scratch.indices;
  // With zeros in front, which a window may add as long as it has not begun.
  std::vector<double>& padded = scope.scratch.padded_values;
  const uint32_t first_sample = w.begin[0];
  if (ramp.is_one) {
    find_constants(w.values, first_sample, end_of_all, constant_until);
    padded.assign(kWindows, 0);
    padded.insert(padded.end(), w.values + first_sample, w.values + end_of_all);
  }
  WindowGroup group;
  auto finish = [&] {
    double origins[kWindows];
    TimeMoments of_times[kWindows];
    ValueMoments of_values[kWindows];
    uint32_t done[kWindows] = {};
    for (size_t k = 0; k < group.size; ++k) {
      origins[k] = static_cast<double>(origin_ms(group.step[k], group.begin[k]));
      of_values[k].first = w.values[group.begin[k]];
      of_values[k].constant = true;
      if (known) of_times[k] = kept.moments[group.step[k]];
    }
    if (group.full()) {
      if (!known) add_common_times(times.data(), group, origins, of_times);
      Stretch stretch;
      if (ramp.is_one && find_stretch(ramp, group, first_sample, stretch)) {
        const double* from = padded.data() + (stretch.at + stretch.from - first_sample + int64_t{kWindows});
        add_values_on_ramp(from, ramp.seconds.data() + stretch.from, stretch.to - stretch.from, !whole, of_values);
        for (size_t k = 0; k < kWindows; ++k) {
          done[k] = stretch.to - std::min(stretch.to, ramp.offsets[group.step[k]]);
          of_values[k].constant = constant_until[group.begin[k]] >= group.begin[k] + done[k];
        }
      } else {
        (whole ? add_common_products : add_common_values)(w.values, times.data(), group, origins, of_values);
        std::fill_n(done, kWindows, group.common());
      }
    }
    for (size_t k = 0; k < group.size; ++k) {
      uint32_t i = group.begin[k] + done[k];
      if (done[k] > 0 && !(is_exact(of_values[k].y) && is_exact(of_values[k].xy))) {
        of_values[k] = ValueMoments{{}, {}, w.values[group.begin[k]], true};
        for (i = group.begin[k]; i < group.begin[k] + done[k]; ++i)
          of_values[k].add(w.values[i], seconds_between(times[i], origins[k]));
      }
      for (; i < group.end[k]; ++i) of_values[k].add(w.values[i], seconds_between(times[i], origins[k]));
      if (!known) {
        for (uint32_t j = group.begin[k] + (group.full() ? group.common() : 0); j < group.end[k]; ++j) {
          const double seconds = seconds_between(times[j], origins[k]);
          of_times[k].x.add(seconds);
          of_times[k].xx.add(seconds * seconds);
        }
      }
      if (whole) of_values[k].y = {sums[group.end[k]] - sums[group.begin[k]], 0};
      kept.moments[group.step[k]] = of_times[k];
      use(group.step[k], line_of(of_times[k], of_values[k], group.end[k] - group.begin[k]));
    }
    group.begin_next();
  };
  Status status = each_float_window(scope, w, 0, 2, [&](uint64_t step, uint32_t begin, uint32_t end) {
    group.add(step, begin, end);
    if (group.full()) finish();
  });
  group.complete();
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

constexpr Definition kFunctions[] = {
    window_function("deriv", view_of(kMatrixOnly), deriv, "The slope per second, by least squares."),
    window_function("predict_linear", view_of(kMatrixScalar), predict_linear,
                    "The value in so many seconds, by least squares.", kTimeDependent),
};

}  // namespace

std::span<const Definition> line_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
