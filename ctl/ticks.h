// Where the axes of a picture have their marks: round values and round times, with words for them.
#ifndef NIGHTLIGHT_CTL_TICKS_H_
#define NIGHTLIGHT_CTL_TICKS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace nightlight::ctl {

struct ValueTick {
  double at;
  std::string text;
};

// Multiples of 1, 2 or 5 times a power of ten, so many at most (3 or more), of which the first is at or below `low` and
// the last at or above `high`. Both must be finite, and `low` no more than `high`. Texts are short ("12.5k") and tell
// neighbours apart.
std::vector<ValueTick> value_ticks(double low, double high, int most);

struct TimeTick {
  int64_t at_ms;
  std::string text;  // "15:04"
  std::string date;  // "2026-01-02", or "" when it is that of the tick before.
};

// Round times in UTC within [start, end], so many at most.
std::vector<TimeTick> time_ticks(int64_t start_ms, int64_t end_ms, int most);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_TICKS_H_
