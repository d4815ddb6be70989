// Prometheus' chunks of native histograms, integer (encoding 2) and float (3).
#ifndef NIGHTLIGHT_REMOTE_READ_HISTOGRAM_CHUNK_H_
#define NIGHTLIGHT_REMOTE_READ_HISTOGRAM_CHUNK_H_

#include <cstdint>
#include <string>

#include "nightlight/columns.h"

namespace nightlight::remote_read {

// True when `next` may stand behind `previous` in one chunk and will read back with the same meaning: same kind and
// layout, and a gauge behind a gauge or a counter that was not reset.
bool continues_chunk(const Histogram& previous, const Histogram& next);

// The chunk's bytes. Every histogram but the first must continue the one before it.
std::string encode_histogram_chunk(const Histogram* const* histograms, uint64_t count);

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_HISTOGRAM_CHUNK_H_
