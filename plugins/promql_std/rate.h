// The parts of rate, increase and delta.
#ifndef NIGHTLIGHT_PROMQL_STD_RATE_H_
#define NIGHTLIGHT_PROMQL_STD_RATE_H_

#include <optional>

#include "promql_std/start_time.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {

enum class RateKind { kRate, kIncrease, kDelta };

constexpr bool of_counter(RateKind kind) { return kind != RateKind::kDelta; }

// A duration as Go's Seconds() rounds it.
inline double range_seconds(int64_t range_ms) {
  return static_cast<double>(range_ms / 1000) + static_cast<double>(range_ms % 1000 * 1'000'000) / 1e9;
}

// The edges (start, end] of a window.
struct Edges {
  int64_t start_ms, end_ms;
};
inline Edges edges_of(const Windows& w, uint64_t step) { return {w.end_ms[step] - w.range_ms, w.end_ms[step]}; }

// What extrapolating from the first and last sample to the edges of the window takes into account.
struct Extent {
  Edges edges;
  int64_t first_ms, last_ms;
  uint32_t samples;
  int64_t start_ms;  // The first sample's start timestamp; 0: unknown or not to be used.

  // The counter is known to have begun inside the window, at 0.
  bool begins_inside() const { return start_ms != 0 && start_ms > edges.start_ms && start_ms < first_ms; }
};

// One series for all steps: of floats in windows of their own, ...
Status float_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind);
// ... of histograms ...
Status histogram_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind);
// ... and either with the modifiers `anchored` and `smoothed`.
Status extended_float_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind);
Status extended_histogram_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_RATE_H_
