// The samples between two seals: the buffers of their chunks, their timestamp columns, and what few series have beside
// a chunk of floats. Everything in it only grows until it is dropped as a whole, so a reader that noted how much there
// was keeps seeing exactly that.
//
// Guarded by the head's sample lock.
#ifndef NIGHTLIGHT_GORILLA_HEAD_GENERATION_H_
#define NIGHTLIGHT_GORILLA_HEAD_GENERATION_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gorilla/block/tombstones.h"
#include "gorilla/head/chunk_arena.h"
#include "gorilla/head/open_chunk.h"
#include "gorilla/head/timestamp_columns.h"

namespace nightlight::gorilla {

// What a series has beside its open chunk.
struct SideSeries {
  std::vector<ChunkState> closed;  // Full chunks, in order of time.
  uint32_t floats = 0;             // In closed chunks and the open one; counted once `starts` is used.
  // Start timestamps of floats: from the sample with this number on. Empty: all unknown.
  struct StartRun {
    uint32_t from;
    int64_t start_ms;
  };
  std::vector<StartRun> starts;
  // Samples that came late, in the order in which they came.
  struct Late {
    int64_t timestamp_ms;
    uint64_t value_bits;
    int64_t start_ms;
  };
  std::vector<Late> late;
  // Histograms, encoded, in the order in which they came.
  struct HistogramAt {
    int64_t timestamp_ms;
    uint64_t begin;
  };
  std::vector<HistogramAt> histograms;
  std::string histogram_bytes;
};

// The newest sample of a series when its generation ended: what the rules compare the next one with.
struct SeriesLast {
  enum Flags : uint8_t { kKnown = 1, kHistogram = 2 };
  int64_t timestamp_ms = INT64_MIN;
  uint64_t value_bits = 0;
  uint8_t flags = 0;
};

struct Generation {
  ChunkArena arena;
  TimestampColumns columns;
  std::unordered_map<uint32_t, SideSeries> side;                 // By series id.
  std::unordered_map<uint32_t, std::vector<TimeRange>> deleted;  // By series id: hidden ranges.
  std::vector<ChunkState> frozen;                                // By series id, once no sample is added any more.
  std::vector<SeriesLast> last;                                  // The same.
  int64_t min_ms = INT64_MAX, max_ms = INT64_MIN;
  uint64_t samples = 0;
  uint64_t first_position = 0, last_position = 0;  // In the log.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_GENERATION_H_
