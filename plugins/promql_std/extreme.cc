// The least, greatest, first and last sample of a window, and their times.
#include <cmath>

#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

// Candidates for the extreme of windows that only move forward: indices of values that no later (or equal) one beats.
// Each value is pushed and popped once. NaN is no candidate.
class MonotonicQueue {
 public:
  // sign 1: the greatest, -1: the least. Among equal values the earliest, or with `latest` the latest.
  MonotonicQueue(const double* values, double sign, bool latest, std::vector<uint32_t>& room)
      : values_(values), sign_(sign), latest_(latest), room_(room) {
    room_.clear();
  }

  void push(uint32_t i) {
    double v = sign_ * values_[i];
    if (std::isnan(v)) return;
    while (room_.size() > front_) {
      double back = sign_ * values_[room_.back()];
      if (latest_ ? back > v : back >= v) break;
      room_.pop_back();
    }
    room_.push_back(i);
  }
  void drop_before(uint32_t begin) {
    while (front_ < room_.size() && room_[front_] < begin) ++front_;
  }
  bool empty() const { return front_ == room_.size(); }
  uint32_t best() const { return room_[front_]; }

 private:
  const double* values_;
  double sign_;
  bool latest_;
  std::vector<uint32_t>& room_;
  size_t front_ = 0;
};

// The values are pushed only when the windows reach them, in order.
template <class Result>
Status each_extreme(Scope& scope, const Windows& w, ColumnOut&, double sign, bool latest, Result result) {
  MonotonicQueue queue(w.values, sign, latest, scope.scratch.indices);
  uint32_t pushed = w.begin[0];
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    pushed = std::max(pushed, begin);
    for (; pushed < end; ++pushed) queue.push(pushed);
    queue.drop_before(begin);
    // When all are NaN, the last of them it is.
    result(step, queue.empty() ? end - 1 : queue.best());
  });
}

template <int kSign>
Status extreme(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_extreme(scope, w, out, kSign, false, [&](uint64_t step, uint32_t i) { emit(out, step, w.values[i]); });
}

template <int kSign>
Status time_of_extreme(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_extreme(scope, w, out, kSign, true, [&](uint64_t step, uint32_t i) {
    emit(out, step, static_cast<double>(w.timestamps_ms[i]) / 1000);
  });
}

// Calls f(step, index of the float or -1, index of the histogram or -1) with the first or last sample of each window.
template <class F>
Status each_end(Scope& scope, const Windows& w, bool last, F f) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.empty()) continue;
    uint32_t i = last ? window.end - 1 : window.begin;
    uint32_t j = last ? window.histogram_end - 1 : window.histogram_begin;
    bool take_float = window.histograms() == 0;
    if (window.mixed()) {
      int64_t float_ms = w.timestamps_ms[i], histogram_ms = w.histograms[j]->timestamp_ms;
      take_float = last ? histogram_ms < float_ms : float_ms < histogram_ms;
    }
    if (Status status = f(step, take_float, take_float ? i : j); !status.ok()) return status;
  }
  return kOkStatus;
}

template <bool kLast>
Status end_sample(Scope& scope, const Windows& w, ColumnOut& out) {
  FloatHistogram histogram;
  return each_end(scope, w, kLast, [&](uint64_t step, bool is_float, uint32_t i) {
    if (is_float) {
      emit(out, step, w.values[i]);
      return kOkStatus;
    }
    histogram.assign(*w.histograms[i]);
    return emit(scope, out, step, histogram) ? kOkStatus : Scope::out_of_memory();
  });
}

template <bool kLast>
Status time_of_end(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_end(scope, w, kLast, [&](uint64_t step, bool is_float, uint32_t i) {
    emit(out, step, static_cast<double>(is_float ? w.timestamps_ms[i] : w.histograms[i]->timestamp_ms) / 1000);
    return kOkStatus;
  });
}

constexpr Definition kFunctions[] = {
    window_function("max_over_time", view_of(kMatrixOnly), extreme<1>, "The greatest value."),
    window_function("min_over_time", view_of(kMatrixOnly), extreme<-1>, "The least value."),
    window_function("last_over_time", view_of(kMatrixOnly), end_sample<true>, "The newest sample.", kKeepsName),
    window_function("first_over_time", view_of(kMatrixOnly), end_sample<false>, "The oldest sample.", kKeepsName),
    window_function("ts_of_max_over_time", view_of(kMatrixOnly), time_of_extreme<1>,
                    "When the greatest value was sampled (last), in seconds.", kExperimental),
    window_function("ts_of_min_over_time", view_of(kMatrixOnly), time_of_extreme<-1>,
                    "When the least value was sampled (last), in seconds.", kExperimental),
    window_function("ts_of_last_over_time", view_of(kMatrixOnly), time_of_end<true>,
                    "When the newest sample was taken, in seconds.", kExperimental),
    window_function("ts_of_first_over_time", view_of(kMatrixOnly), time_of_end<false>,
                    "When the oldest sample was taken, in seconds.", kExperimental),
};

}  // namespace

std::span<const Definition> extreme_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
