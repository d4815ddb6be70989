// Four windows of a series at a time, each in a lane of vectors of its own: what depends on the order of a window's
// samples, as compensated sums do, runs four times as fast and yields the same bits.
#ifndef NIGHTLIGHT_PROMQL_STD_LANES_H_
#define NIGHTLIGHT_PROMQL_STD_LANES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/vector_clones.h"
#include "model/kahan.h"

namespace nightlight::promql_std {

inline constexpr size_t kLanes = 4;
using Lanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;
using LaneMask [[gnu::vector_size(kLanes * sizeof(double))]] = int64_t;  // All bits of a lane, or none.

// Windows that wait until there are as many as lanes.
struct WindowGroup {
  size_t size = 0;
  uint64_t step[kLanes];
  uint32_t begin[kLanes], end[kLanes];

  bool full() const { return size == kLanes; }
  void add(uint64_t at_step, uint32_t from, uint32_t to) {
    step[size] = at_step;
    begin[size] = from;
    end[size++] = to;
  }
  // Samples that every window has.
  uint32_t common() const {
    uint32_t least = end[0] - begin[0];
    for (size_t k = 1; k < kLanes; ++k) least = std::min(least, end[k] - begin[k]);
    return least;
  }
};

// The sample number `i` of each window.
[[gnu::always_inline]] inline void load(const double* samples, const WindowGroup& group, uint32_t i, Lanes& out) {
  out = Lanes{samples[group.begin[0] + i], samples[group.begin[1] + i], samples[group.begin[2] + i],
              samples[group.begin[3] + i]};
}

// A CompensatedSum in each lane.
struct LaneSums {
  Lanes sum{};
  Lanes compensation{};

  [[gnu::always_inline]] void add(const Lanes& value) {
    const Lanes total = sum + value;
    const LaneMask magnitude = LaneMask{} + INT64_MAX;
    const Lanes sum_size = reinterpret_cast<Lanes>(reinterpret_cast<LaneMask>(sum) & magnitude);
    const Lanes value_size = reinterpret_cast<Lanes>(reinterpret_cast<LaneMask>(value) & magnitude);
    const LaneMask sum_is_larger = sum_size >= value_size;
    const Lanes larger = sum_is_larger ? sum : value, smaller = sum_is_larger ? value : sum;
    const Lanes total_size = reinterpret_cast<Lanes>(reinterpret_cast<LaneMask>(total) & magnitude);
    const LaneMask infinite = total_size == __builtin_inf();
    compensation += (larger - total) + smaller;
    compensation = infinite ? Lanes{} : compensation;
    sum = total;
  }
  [[gnu::always_inline]] CompensatedSum lane(size_t k) const { return {sum[k], compensation[k]}; }
};

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_LANES_H_
