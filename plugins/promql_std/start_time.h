// Counter resets that start timestamps tell of. A start timestamp of 0, or equal to its sample's time, is unknown.
#ifndef NIGHTLIGHT_PROMQL_STD_START_TIME_H_
#define NIGHTLIGHT_PROMQL_STD_START_TIME_H_

#include <cstdint>

namespace nightlight::promql_std {

struct SampleTime {
  int64_t start_ms;
  int64_t time_ms;
};

// Whether the counter began anew between two samples.
constexpr bool is_start_reset(SampleTime previous, SampleTime current) {
  if (current.start_ms == previous.start_ms || current.start_ms == 0) return false;
  if (current.start_ms >= current.time_ms || current.start_ms < previous.time_ms) return false;
  if (current.start_ms > previous.time_ms) return true;
  // Beginning just where the previous sample was is a reset only if that one's start was known.
  return previous.start_ms != 0 && previous.start_ms < previous.time_ms;
}

// Whether the counter began after `time_ms` and before its sample.
constexpr bool starts_after(int64_t time_ms, SampleTime sample) {
  return sample.start_ms != 0 && sample.start_ms > time_ms && sample.start_ms < sample.time_ms;
}

constexpr bool overlaps(SampleTime previous, SampleTime current) {
  return current.start_ms != 0 && current.start_ms < previous.time_ms && current.start_ms != previous.start_ms;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_START_TIME_H_
