// The marker that stands among a series' floats where a scrape no longer had it.
#ifndef NIGHTLIGHT_MODEL_STALE_MARKER_H_
#define NIGHTLIGHT_MODEL_STALE_MARKER_H_

#include <bit>
#include <cstdint>

#include "nightlight/columns.h"

namespace nightlight {

inline bool is_stale_marker(double value) { return std::bit_cast<uint64_t>(value) == kStaleNaNBits; }

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_STALE_MARKER_H_
