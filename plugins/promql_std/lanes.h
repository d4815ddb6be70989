// Eight windows of a series at a time, each in a lane of two vectors: what depends on the order of a window's samples,
// as compensated sums do, runs several times as fast and yields the same bits.
#ifndef NIGHTLIGHT_PROMQL_STD_LANES_H_
#define NIGHTLIGHT_PROMQL_STD_LANES_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/vector_clones.h"
#include "model/kahan.h"

namespace nightlight::promql_std {

inline constexpr size_t kLanes = 4;
// Two vectors at once: the additions of one do not wait for those of the other.
inline constexpr size_t kVectors = 2;
inline constexpr size_t kWindows = kVectors * kLanes;
using Lanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;
using LaneMask [[gnu::vector_size(kLanes * sizeof(double))]] = int64_t;  // All bits of a lane, or none.

// Windows that wait until there are as many as lanes.
struct WindowGroup {
  size_t size = 0;
  uint64_t step[kWindows];
  uint32_t begin[kWindows], end[kWindows];

  bool followed = false;  // A full group came before, whose windows still stand beyond `size`.

  bool full() const { return size == kWindows; }
  void begin_next() {
    followed = full();
    size = 0;
  }
  // Fills the last group up with windows of the one before it, whose answers are then computed again: a full group
  // costs less than a few windows one by one.
  void complete() {
    if (size == 0 || full() || !followed) return;
    std::rotate(step, step + size, step + kWindows);
    std::rotate(begin, begin + size, begin + kWindows);
    std::rotate(end, end + size, end + kWindows);
    size = kWindows;
  }
  void add(uint64_t at_step, uint32_t from, uint32_t to) {
    step[size] = at_step;
    begin[size] = from;
    end[size++] = to;
  }
  // Samples that every window has.
  uint32_t common() const {
    uint32_t least = end[0] - begin[0];
    for (size_t k = 1; k < kWindows; ++k) least = std::min(least, end[k] - begin[k]);
    return least;
  }
  // Whether each window begins one sample after the one before it, as those of steps as long as the scrape interval do:
  // the same number of each is then one load.
  bool in_step() const {
    for (size_t k = 1; k < kWindows; ++k)
      if (begin[k] != begin[0] + k) return false;
    return true;
  }
};

// The sample number `i` of the windows of one vector.
template <bool kInStep>
[[gnu::always_inline]] inline void load(const double* samples, const WindowGroup& group, size_t vector, uint32_t i,
                                        Lanes& out) {
  const uint32_t* begin = group.begin + vector * kLanes;
  if constexpr (kInStep) {
    __builtin_memcpy(&out, samples + begin[0] + i, sizeof out);
  } else {
    out = Lanes{samples[begin[0] + i], samples[begin[1] + i], samples[begin[2] + i], samples[begin[3] + i]};
  }
}

// A CompensatedSum in each lane. What an addition loses is found without a comparison (Knuth's TwoSum): the same
// number, unless something is not finite.
struct LaneSums {
  Lanes sum{};
  Lanes compensation{};

  [[gnu::always_inline]] void add(const Lanes& value) {
    const Lanes total = sum + value;
    const Lanes gained = total - sum;
    compensation += (sum - (total - gained)) + (value - gained);
    sum = total;
  }
  [[gnu::always_inline]] CompensatedSum lane(size_t k) const { return {sum[k], compensation[k]}; }
};
// Whether a lane's sum is what CompensatedSum makes of the same values. Once something was not finite on the way,
// compensation is NaN for good, and the samples are to be added up again one by one.
inline bool is_exact(const CompensatedSum& sum) { return std::isfinite(sum.sum) && std::isfinite(sum.compensation); }

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_LANES_H_
