// rate, increase and delta with the modifiers `anchored` (from the last sample before the window) and `smoothed`
// (interpolated at both edges): exact differences, no extrapolation.
#include "promql_std/rate.h"

namespace nightlight::promql_std {
namespace {

struct Point {
  int64_t time_ms;
  double value;
  int64_t start_ms;

  SampleTime times() const { return {start_ms, time_ms}; }
};

// The value at an edge of the window, and the start timestamp that goes with it.
struct Edge {
  double value;
  int64_t start_ms;
};

double interpolate(const Point& a, const Point& b, int64_t time_ms, bool counter) {
  double from = counter && b.value < a.value ? 0 : a.value;  // After a reset the counter rose from 0.
  return from +
         (b.value - from) * static_cast<double>(time_ms - a.time_ms) / static_cast<double>(b.time_ms - a.time_ms);
}

class ExtendedWindow {
 public:
  ExtendedWindow(const Scope& scope, const Windows& w, uint64_t step, bool counter)
      : w_(w),
        starts_(scope.has(kUseStartTimestamps) ? w.start_timestamps_ms : nullptr),
        edges_(edges_of(w, step)),
        lookback_start_ms_(edges_.start_ms - scope.evaluation().lookback_ms),
        smoothed_(w.mode == RangeMode::kSmoothed),
        counter_(counter) {
    uint32_t begin = w.begin[step], end = w.end[step];
    last_ = end - 1;
    // The newest sample at or before the start of the window, or else the first.
    const int64_t* inside = std::upper_bound(w.timestamps_ms + begin, w.timestamps_ms + last_, edges_.start_ms);
    first_ = std::max<int64_t>(begin, inside - w.timestamps_ms - 1);
    if (smoothed_) {
      last_ = std::lower_bound(w.timestamps_ms + begin, w.timestamps_ms + last_, edges_.end_ms) - w.timestamps_ms;
    }
    begin_ = begin;
  }

  // The difference over the window, or nothing when no sample says anything about it.
  std::optional<double> difference() const {
    if (time(last_) <= edges_.start_ms) return std::nullopt;
    if (smoothed_ && time(first_) > edges_.end_ms && !(counter_ && starts_between(point(first_), edges_.end_ms))) {
      return std::nullopt;
    }
    Edge left = left_edge(), right = right_edge();
    double result = right.value - left.value;
    return counter_ ? result + correction(left, right) : result;
  }

 private:
  int64_t time(int64_t i) const { return w_.timestamps_ms[i]; }
  Point point(int64_t i) const { return {w_.timestamps_ms[i], w_.values[i], starts_ == nullptr ? 0 : starts_[i]}; }

  // The counter is known to have begun within the lookback, not after `until_ms`.
  bool starts_between(const Point& p, int64_t until_ms) const {
    return starts_after(lookback_start_ms_, p.times()) && !starts_after(until_ms, p.times());
  }

  // The value at `edge_ms` when the first sample that is known lies behind it.
  double before_first(const Point& p, int64_t edge_ms) const {
    if (!counter_ || !starts_after(lookback_start_ms_, p.times())) return p.value;
    if (starts_after(edge_ms, p.times()) || !smoothed_) return 0;
    return interpolate({p.start_ms, 0, 0}, p, edge_ms, counter_);
  }

  Edge left_edge() const {
    int64_t edge_ms = edges_.start_ms;
    Point p = point(first_);
    if (p.time_ms == edge_ms) return {p.value, p.start_ms};
    Edge edge{p.value, p.start_ms > edge_ms ? 0 : p.start_ms};
    if (p.time_ms > edge_ms) {
      edge.value = before_first(p, edge_ms);
      return edge;
    }
    Point next = point(first_ + 1);
    if (counter_ && starts_after(edge_ms, next.times())) {
      next = {next.start_ms, 0, next.start_ms};
    } else if (counter_ && is_start_reset(p.times(), next.times())) {
      p = {next.start_ms, 0, next.start_ms};
      edge.start_ms = next.start_ms;
    }
    edge.value = smoothed_ ? interpolate(p, next, edge_ms, counter_) : p.value;
    return edge;
  }

  Edge right_edge() const {
    int64_t edge_ms = edges_.end_ms;
    Point q = point(last_);
    Edge edge{q.value, q.start_ms > edge_ms ? 0 : q.start_ms};
    if (q.time_ms <= edge_ms) return edge;
    if (last_ == begin_) {
      edge.value = before_first(q, edge_ms);
      return edge;
    }
    Point p = point(last_ - 1);
    if (counter_ && starts_after(edge_ms, q.times())) {
      q = {q.start_ms, 0, q.start_ms};
      edge.start_ms = p.start_ms;
    } else if (counter_ && is_start_reset(p.times(), q.times())) {
      p = {q.start_ms, 0, q.start_ms};
    }
    edge.value = smoothed_ ? interpolate(p, q, edge_ms, counter_) : p.value;
    return edge;
  }

  // The values before each reset, from edge to edge.
  double correction(const Edge& left, const Edge& right) const {
    int64_t begin = time(first_) <= edges_.start_ms ? first_ + 1 : first_;
    int64_t end = time(last_) >= edges_.end_ms ? last_ : last_ + 1;
    double sum = 0;
    Point previous{edges_.start_ms, left.value, left.start_ms};
    auto step_to = [&](const Point& p) {
      if (p.value < previous.value || is_start_reset(previous.times(), p.times())) sum += previous.value;
      previous = p;
    };
    for (int64_t i = begin; i < end; ++i) step_to(point(i));
    step_to({edges_.end_ms, right.value, right.start_ms});
    return sum;
  }

  const Windows& w_;
  const int64_t* starts_;
  Edges edges_;
  int64_t lookback_start_ms_;
  bool smoothed_, counter_;
  int64_t begin_ = 0, first_ = 0, last_ = 0;
};

}  // namespace

Status extended_float_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.floats() == 0) continue;
    if (window.histograms() > 0) {
      scope.warn(notes::mixed_floats_histograms(metric_name(w)), 0);
      continue;
    }
    std::optional<double> result = ExtendedWindow(scope, w, step, of_counter(kind)).difference();
    if (result) emit(out, step, kind == RateKind::kRate ? *result / range_seconds(w.range_ms) : *result);
  }
  return kOkStatus;
}

}  // namespace nightlight::promql_std
