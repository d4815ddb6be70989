// Extrapolation from the first and last sample of a window to its edges, for many windows at once: a column per
// quantity, so that the divisions, which are most of the work of rate(), run several at a time. The same bits as
// extrapolation_factor gives one by one (rate.h).
#ifndef NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_
#define NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_

#include <cstddef>
#include <cstdint>

#include "promql_std/rate.h"

namespace nightlight::promql_std {

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
  double to_start_ms_[kCapacity], to_end_ms_[kCapacity];
  double between_ms_[kCapacity];  // From the first sample to the last.
  double gaps_[kCapacity];        // How many lie between them, at least 1.
  double sampled_ms_[kCapacity];  // What the increase is of: as between_ms_, or from the counter's start on.
  double first_[kCapacity], increase_[kCapacity], results_[kCapacity];
};

inline void Extrapolation::add(uint64_t step, const Extent& e, double first, double increase) {
  size_t i = size_++;
  bool inside = e.begins_inside();
  steps_[i] = step;
  to_start_ms_[i] = inside ? 0 : static_cast<double>(e.first_ms - e.edges.start_ms);
  to_end_ms_[i] = static_cast<double>(e.edges.end_ms - e.last_ms);
  between_ms_[i] = static_cast<double>(e.last_ms - e.first_ms);
  gaps_[i] = e.samples > 1 ? e.samples - 1 : 1;
  sampled_ms_[i] = inside ? static_cast<double>(e.last_ms - e.start_ms) : between_ms_[i];
  first_[i] = first;
  increase_[i] = increase;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_EXTRAPOLATE_H_
