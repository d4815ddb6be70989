#include "promql/exec/domain.h"

#include <limits>

namespace nightlight::promql {

Domain::Domain(int64_t start_ms, int64_t end_ms, int64_t interval)
    : interval_ms(interval), instant_(start_ms == end_ms) {
  if (start_ms <= end_ms) times_ms.push_back(start_ms);
  if (interval > 0) {
    while (!times_ms.empty() && times_ms.back() <= saturating_sub(end_ms, interval)) {
      times_ms.push_back(times_ms.back() + interval);
    }
  }
  queryable_samples.resize(times_ms.size());
  read_samples.resize(times_ms.size());
}

std::vector<int64_t> reference_times(const QueryState& state, const Domain& domain, const TimeShift& shift) {
  std::vector<int64_t> out(domain.steps());
  for (uint64_t step = 0; step < out.size(); ++step) {
    int64_t time_ms = domain.times_ms[step];
    if (shift.at_ms) time_ms = *shift.at_ms;
    if (shift.at_bound == AtBound::kStart) time_ms = state.start_ms;
    if (shift.at_bound == AtBound::kEnd) time_ms = state.end_ms;
    out[step] = saturating_sub(time_ms, shift.offset_ms);
  }
  return out;
}

int64_t saturating_sub(int64_t a, int64_t b) {
  int64_t out;
  if (!__builtin_sub_overflow(a, b, &out)) return out;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t out;
  if (!__builtin_add_overflow(a, b, &out)) return out;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

}  // namespace nightlight::promql
