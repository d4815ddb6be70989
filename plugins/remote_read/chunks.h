// Series as Prometheus' chunks: XOR for floats, histogram and float-histogram chunks, 120 samples each at most. The
// formats are those of tsdb/docs/format/chunks.md, encodings 1 to 3.
#ifndef NIGHTLIGHT_REMOTE_READ_CHUNKS_H_
#define NIGHTLIGHT_REMOTE_READ_CHUNKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nightlight/columns.h"

namespace nightlight::remote_read {

enum class ChunkEncoding : uint8_t { kXor = 1, kHistogram = 2, kFloatHistogram = 3 };

struct Chunk {
  ChunkEncoding encoding;
  int64_t min_time_ms, max_time_ms;
  std::string data;
};

// The chunks of a series, ascending in time. Counter-reset hints of histograms survive: a chunk's header tells the
// first one's, the others read as "not reset", and a reset or a change of layout begins a new chunk.
std::vector<Chunk> encode_chunks(const SeriesSamples& series);

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_CHUNKS_H_
