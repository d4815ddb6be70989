// Extrapolation from the first and last sample of a window to its edges: for one window, and for many at once, a column
// per quantity, so that the divisions, which are most of the work of rate(), run several at a time.
#ifndef NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_
#define NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "promql_std/rate.h"

namespace nightlight::promql_std {

// What a window has of time, in milliseconds.
struct Spans {
  double to_start, to_end;  // From the edges to the first and the last sample.
  double between;           // From the first sample to the last ...
  double gaps;              // ... with so many gaps, at least 1.
  double sampled;           // What the increase is of: as `between`, or from the counter's start on.
};

inline Spans spans_of(const Extent& e) {
  bool inside = e.begins_inside();
  auto between = static_cast<double>(e.last_ms - e.first_ms);
  return {inside ? 0 : static_cast<double>(e.first_ms - e.edges.start_ms),
          static_cast<double>(e.edges.end_ms - e.last_ms), between,
          e.samples > 1 ? static_cast<double>(e.samples - 1) : 1,
          inside ? static_cast<double>(e.last_ms - e.start_ms) : between};
}

// For gauges, and for counters that cannot be traced back to their zero.
inline constexpr double kNotTraced = std::numeric_limits<double>::infinity();

// By what the increase over a window is to be multiplied. `traced`, the first value divided by the increase, tells how
// long a counter took from its zero to the first sample, had it always risen as in the window. Without branches.
[[gnu::always_inline]] inline double extrapolation_factor(const Spans& spans, double traced) {
  double to_start = spans.to_start / 1000, to_end = spans.to_end / 1000, sampled = spans.sampled / 1000;
  double average = spans.between / 1000 / spans.gaps;
  double threshold = average * 1.1, half = average / 2;
  to_start = to_start >= threshold ? half : to_start;
  to_end = to_end >= threshold ? half : to_end;
  double to_zero = sampled * traced;
  to_start = to_zero < to_start ? to_zero : to_start;
  double factor = (sampled + to_start + to_end) / sampled;
  return sampled == 0 ? 1.0 : factor;
}

// How far before the first sample a window is extrapolated to, in seconds, unless the counter's zero is nearer.
inline double reach_to_start(const Spans& spans) {
  const double to_start = spans.to_start / 1000, average = spans.between / 1000 / spans.gaps;
  return to_start >= average * 1.1 ? average / 2 : to_start;
}

class Extrapolation {
 public:
  static constexpr size_t kCapacity = 256;

  bool full() const { return size_ == kCapacity; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // `first` is the first value of a counter that can be traced back to its zero, negative for anything else.
  void add(uint64_t step, const Extent& extent, double first, double increase);

  // The increase over each window, extrapolated and divided by `divisor`, in the order of add.
  void compute(double divisor);
  uint64_t step(size_t i) const { return steps_[i]; }
  double result(size_t i) const { return results_[i]; }
  void clear() { size_ = 0; }

 private:
  size_t size_ = 0;
  uint64_t steps_[kCapacity];
  double to_start_[kCapacity], to_end_[kCapacity], between_[kCapacity], gaps_[kCapacity],
      sampled_[kCapacity];  // Spans.
  double first_[kCapacity], increase_[kCapacity], results_[kCapacity];
};

inline void Extrapolation::add(uint64_t step, const Extent& extent, double first, double increase) {
  const size_t i = size_++;
  const Spans spans = spans_of(extent);
  steps_[i] = step;
  to_start_[i] = spans.to_start;
  to_end_[i] = spans.to_end;
  between_[i] = spans.between;
  gaps_[i] = spans.gaps;
  sampled_[i] = spans.sampled;
  first_[i] = first;
  increase_[i] = increase;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_
