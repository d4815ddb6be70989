#include "promql_std/shared_extrapolation.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/vector_clones.h"
#include "promql_std/lanes.h"

namespace nightlight::promql_std {
namespace {

// Four steps. `in_step`: their windows begin, and end, one sample after the other.
[[gnu::always_inline]] inline void load_edges(const double* values, const uint32_t* first, const uint32_t* last,
                                              bool in_step, Lanes& from, Lanes& to) {
  if (in_step) {
    std::memcpy(&from, values + first[0], sizeof from);
    std::memcpy(&to, values + last[0], sizeof to);
  } else {
    from = Lanes{values[first[0]], values[first[1]], values[first[2]], values[first[3]]};
    to = Lanes{values[last[0]], values[last[1]], values[last[2]], values[last[3]]};
  }
}

// out[i] = increase * factor[i], and whether any window must be traced to the counter's zero after all.
NIGHTLIGHT_VECTOR_CLONES bool scale(size_t steps, const double* values, const uint32_t* first, const uint32_t* last,
                                    const uint8_t* in_step, const double* factor, const double* bound, double* out) {
  LaneMask any{};
  for (size_t i = 0; i < steps; i += kLanes) {
    Lanes from, to, factors, bounds;
    load_edges(values, first + i, last + i, in_step[i / kLanes] != 0, from, to);
    std::memcpy(&factors, factor + i, sizeof factors);
    std::memcpy(&bounds, bound + i, sizeof bounds);
    const Lanes increase = to - from;
    const Lanes result = increase * factors;
    std::memcpy(out + i, &result, sizeof result);
    any |= (increase > 0) & (from >= 0) & (from <= bounds * increase);
  }
  return (any[0] | any[1] | any[2] | any[3]) != 0;
}

size_t whole_lanes(size_t steps) { return (steps + kLanes - 1) / kLanes * kLanes; }

}  // namespace

bool SharedExtrapolation::has(const Scope& scope, const Windows& w, double divisor, bool of_counter) {
  if (w.timing_id == 0) return false;
  if (w.timing_id == prepared_id_) return true;
  if (std::exchange(asked_id_, w.timing_id) != w.timing_id) return false;
  prepare(scope, w, divisor, of_counter);
  prepared_id_ = w.timing_id;
  return true;
}

void SharedExtrapolation::prepare(const Scope& scope, const Windows& w, double divisor, bool of_counter) {
  const size_t steps = scope.steps(), room = whole_lanes(steps);
  divisor_ = divisor;
  steps_ = steps;
  const uint32_t some = w.begin[0];  // A sample that is there, wherever there is any.
  first_.assign(room, some);
  last_.assign(room, some);
  factor_.assign(room, 0);
  bound_.assign(room, -1);
  spans_.assign(steps, {});
  valid_.assign(valid_words(steps), 0);
  for (size_t step = 0; step < steps; ++step) {
    const uint32_t begin = w.begin[step], end = w.end[step];
    if (end - begin < 2) continue;
    first_[step] = begin;
    last_[step] = end - 1;
    spans_[step] = spans_of({edges_of(w, step), w.timestamps_ms[begin], w.timestamps_ms[end - 1], end - begin, 0});
    factor_[step] = extrapolation_factor(spans_[step], kNotTraced) / divisor;
    // The zero is nearer when sampled * first / increase < reach. A little more, for the roundings.
    if (of_counter) bound_[step] = reach_to_start(spans_[step]) / (spans_[step].sampled / 1000) * (1 + 1e-9);
    set_valid(valid_.data(), step);
  }
  in_step_.assign(room / kLanes, 1);
  for (size_t i = 0; i < room; ++i) {
    const size_t of_lanes = i / kLanes * kLanes, lane = i % kLanes;
    if (first_[i] != first_[of_lanes] + lane || last_[i] != last_[of_lanes] + lane) in_step_[i / kLanes] = 0;
  }
}

void SharedExtrapolation::compute(const Windows& w, ColumnOut& out) {
  const size_t whole = steps_ / kLanes * kLanes;
  auto part = [&](size_t begin, size_t end, double* to) {
    return scale(end - begin, w.values, first_.data() + begin, last_.data() + begin, in_step_.data() + begin / kLanes,
                 factor_.data() + begin, bound_.data() + begin, to);
  };
  bool any = part(0, whole, out.values);
  if (whole < steps_) {
    double rest[kLanes];
    any |= part(whole, steps_, rest);
    std::copy_n(rest, steps_ - whole, out.values + whole);
  }
  for (size_t step = 0; any && step < steps_; ++step) {
    const double first = w.values[first_[step]], increase = w.values[last_[step]] - first;
    if (increase > 0 && first >= 0 && first <= bound_[step] * increase)
      out.values[step] = increase * (extrapolation_factor(spans_[step], first / increase) / divisor_);
  }
  for (size_t word = 0; word < valid_.size(); ++word) out.valid[word] |= valid_[word];
}

}  // namespace nightlight::promql_std
