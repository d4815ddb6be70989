// sum_, avg_, count_ and present_over_time.
//
// Sums are compensated, value by value in the order of time.
#include <cmath>

#include "model/histogram_sum.h"
#include "model/kahan.h"
#include "promql_std/lanes.h"
#include "promql_std/running_sums.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

double compensated_sum(const double* values, uint32_t begin, uint32_t end) {
  CompensatedSum sum;
  for (uint32_t i = begin; i < end; ++i) sum.add(values[i]);
  return sum.total();
}

double compensated_mean(const double* values, uint32_t begin, uint32_t end) {
  CompensatedSum sum{values[begin], 0};
  double count = 1;
  uint32_t i = begin + 1;
  for (; i < end; ++i) {
    CompensatedSum next = sum;
    next.add(values[i]);
    if (std::isinf(next.sum)) break;
    sum = next;
    count += 1;
  }
  if (i == end) return sum.sum / count + sum.compensation / count;
  // The sum overflows: go on with the mean.
  CompensatedSum mean{sum.sum / count, sum.compensation / count};
  for (; i < end; ++i) {
    count += 1;
    double q = (count - 1) / count;
    mean = {q * mean.sum, q * mean.compensation};
    mean.add(values[i] / count);
  }
  return mean.sum + mean.compensation;
}

// The sums of the samples that all windows of a group have, `from_first` on top of each window's first.
template <bool kInStep>
[[gnu::always_inline]] inline void sum_common_of(const double* values, const WindowGroup& group, bool from_first,
                                                 CompensatedSum* out) {
  LaneSums sums[kVectors];
  uint32_t i = 0;
  if (from_first) {
    for (size_t v = 0; v < kVectors; ++v) load<kInStep>(values, group, v, 0, sums[v].sum);
    i = 1;
  }
  for (const uint32_t count = group.common(); i < count; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      Lanes value;
      load<kInStep>(values, group, v, i, value);
      sums[v].add(value);
    }
  }
  for (size_t k = 0; k < kWindows; ++k) out[k] = sums[k / kLanes].lane(k % kLanes);
}

NIGHTLIGHT_VECTOR_CLONES void sum_common(const double* values, const WindowGroup& group, bool from_first,
                                         CompensatedSum* out) {
  group.in_step() ? sum_common_of<true>(values, group, from_first, out)
                  : sum_common_of<false>(values, group, from_first, out);
}

bool is_mixed(const Scope& scope, const Windows& w, const Window& window) {
  if (window.mixed()) scope.warn(notes::mixed_floats_histograms(metric_name(w)), 0);
  return window.mixed();
}

// Hints and bounds that contradicted each other in a window.
struct Conflicts {
  bool reset = false, not_reset = false, bounds = false;

  void see(const FloatHistogram& h) {
    reset = reset || h.reset_hint == ResetHint::kReset;
    not_reset = not_reset || h.reset_hint == ResetHint::kNotReset;
  }
  void report(const Scope& scope) const {
    if (reset && not_reset) scope.warn(notes::hint_conflict("aggregation"), 0);
    if (bounds) scope.inform(notes::bounds_reconciled("aggregation"), 0);
  }
};

// Accumulator: HistogramSum or HistogramMean; `result` finishes it.
template <class Accumulator, class Finish>
Status aggregate_histograms(Scope& scope, const Windows& w, ColumnOut& out, Finish result) {
  HistogramCache cache(scope, w);
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.histograms() == 0 || window.mixed()) continue;
    Accumulator sum(cache[window.histogram_begin]);
    Conflicts conflicts;
    conflicts.see(cache[window.histogram_begin]);
    bool fits = true;
    for (uint32_t i = window.histogram_begin + 1; i < window.histogram_end && fits; ++i) {
      conflicts.see(cache[i]);
      Result<Reconciled> added = sum.add(cache[i]);
      if (!added.ok() && added.error().code != Code::kInvalidArgument) {
        return scope.fail(Code::kFailedPrecondition, added.error().message);
      }
      fits = added.ok();
      conflicts.bounds = conflicts.bounds || (fits && added->custom_bounds);
    }
    if (!fits) {
      scope.warn(notes::mixed_schemas(metric_name(w)), 0);
      continue;
    }
    conflicts.report(scope);
    if (!emit(scope, out, step, result(sum))) return Scope::out_of_memory();
  }
  return kOkStatus;
}

// `exact` makes the result of an exact sum and the number of samples, `rounded` of a compensated one, `alone` of a
// window's samples.
template <class Exact, class Rounded, class Alone>
Status aggregate_floats(Scope& scope, const Windows& w, ColumnOut& out, bool from_first, Exact exact, Rounded rounded,
                        Alone alone) {
  std::vector<double>& sums = scope.scratch.values;
  const bool whole = exact_running_sums(w.values, w.begin[0], floats_end(w, scope.steps()), sums);
  WindowGroup group;
  auto finish = [&] {
    CompensatedSum of_windows[kWindows];
    const bool full = group.full();
    const uint32_t common = full ? group.common() : 0;
    if (full) sum_common(w.values, group, from_first, of_windows);
    for (size_t k = 0; k < group.size; ++k) {
      CompensatedSum& sum = of_windows[k];
      const uint32_t begin = group.begin[k], end = group.end[k];
      for (uint32_t i = begin + common; full && i < end; ++i) sum.add(w.values[i]);
      const bool known = full && is_exact(sum);  // `of_windows` is of a full group.
      emit(out, group.step[k], known ? rounded(sum, end - begin) : alone(w.values, begin, end));
    }
    group.begin_next();
  };
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.floats() == 0 || is_mixed(scope, w, window)) continue;
    if (whole) {
      emit(out, step, exact(sums[window.end] - sums[window.begin], window.floats()));
      continue;
    }
    group.add(step, window.begin, window.end);
    if (group.full()) finish();
  }
  group.complete();
  finish();
  return kOkStatus;
}

Status sum_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  Status status = aggregate_floats(
      scope, w, out, false, [](double sum, uint32_t) { return sum; },
      [](const CompensatedSum& sum, uint32_t) { return sum.total(); }, compensated_sum);
  if (!status.ok() || w.histogram_begin == nullptr) return status;
  return aggregate_histograms<HistogramSum>(scope, w, out, [](const HistogramSum& sum) { return sum.total(); });
}

Status avg_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  Status status = aggregate_floats(
      scope, w, out, true, [](double sum, uint32_t count) { return sum / count; },
      [](const CompensatedSum& sum, uint32_t count) { return sum.sum / count + sum.compensation / count; },
      compensated_mean);
  if (!status.ok() || w.histogram_begin == nullptr) return status;
  return aggregate_histograms<HistogramMean>(scope, w, out, [](const HistogramMean& mean) { return mean.mean(); });
}

Status count_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (!window.empty()) emit(out, step, static_cast<double>(window.floats()) + window.histograms());
  }
  return kOkStatus;
}

Status present_over_time(Scope& scope, const Windows& w, ColumnOut& out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (!window_at(w, step).empty()) emit(out, step, 1);
  }
  return kOkStatus;
}

constexpr Definition kFunctions[] = {
    window_function("sum_over_time", view_of(kMatrixOnly), sum_over_time, "The sum of the samples."),
    window_function("avg_over_time", view_of(kMatrixOnly), avg_over_time, "The mean of the samples."),
    window_function("count_over_time", view_of(kMatrixOnly), count_over_time, "The number of samples."),
    window_function("present_over_time", view_of(kMatrixOnly), present_over_time, "1 when there is a sample."),
};

}  // namespace

std::span<const Definition> sum_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
