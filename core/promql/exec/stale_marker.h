// Markers of staleness among a series' floats: where a scrape no longer had it.
#ifndef NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_
#define NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_

#include <bit>
#include <cstdint>

#include "nightlight/columns.h"

namespace nightlight::promql {

inline bool is_stale_marker(double value) { return std::bit_cast<uint64_t>(value) == kStaleNaNBits; }

bool has_stale_marker(const double* values, uint64_t count);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_
