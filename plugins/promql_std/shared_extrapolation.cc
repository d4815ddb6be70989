#include "promql_std/shared_extrapolation.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/vector_clones.h"
#include "promql_std/lanes.h"

namespace nightlight::promql_std {
namespace {

// out[i] = increase * factor[i], and whether any window must be traced to the counter's zero after all: then, and
// perhaps needlessly, the bits of `traced` tell which.
NIGHTLIGHT_VECTOR_CLONES bool scale(size_t steps, const double* values, const uint32_t* first, const uint32_t* last,
                                    const double* factor, const double* bound, double* out, uint64_t* traced) {
  LaneMask any{};
  for (size_t i = 0; i < steps; i += kLanes) {
    const Lanes from{values[first[i]], values[first[i + 1]], values[first[i + 2]], values[first[i + 3]]};
    const Lanes to{values[last[i]], values[last[i + 1]], values[last[i + 2]], values[last[i + 3]]};
    Lanes factors, bounds;
    std::memcpy(&factors, factor + i, sizeof factors);
    std::memcpy(&bounds, bound + i, sizeof bounds);
    const Lanes increase = to - from;
    const Lanes result = increase * factors;
    std::memcpy(out + i, &result, sizeof result);
    const LaneMask near_zero = (increase > 0) & (from >= 0) & (from <= bounds * increase);
    any |= near_zero;
    std::memcpy(traced + i, &near_zero, sizeof near_zero);
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
  results_.resize(room);
  traced_.resize(room);
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
}

void SharedExtrapolation::compute(const Windows& w, ColumnOut& out) {
  const bool any = scale(steps_, w.values, first_.data(), last_.data(), factor_.data(), bound_.data(), results_.data(),
                         traced_.data());
  for (size_t step = 0; any && step < steps_; ++step) {
    if (traced_[step] == 0) continue;
    const double first = w.values[first_[step]], increase = w.values[last_[step]] - first;
    results_[step] = increase * (extrapolation_factor(spans_[step], first / increase) / divisor_);
  }
  for (size_t word = 0; word < valid_.size(); ++word) {
    const size_t begin = word * 64, end = std::min(begin + 64, steps_);
    const uint64_t valid = valid_[word];
    out.valid[word] |= valid;
    if (valid == ~uint64_t{0}) {
      std::copy(results_.begin() + static_cast<int64_t>(begin), results_.begin() + static_cast<int64_t>(end),
                out.values + begin);
    } else {
      for (uint64_t bits = valid; bits != 0; bits &= bits - 1) {
        const size_t step = begin + static_cast<size_t>(std::countr_zero(bits));
        out.values[step] = results_[step];
      }
    }
  }
}

}  // namespace nightlight::promql_std
