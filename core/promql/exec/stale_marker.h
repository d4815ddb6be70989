// Markers of staleness among a series' floats.
#ifndef NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_
#define NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_

#include <cstdint>

#include "model/stale_marker.h"

namespace nightlight::promql {

bool has_stale_marker(const double* values, uint64_t count);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_STALE_MARKER_H_
