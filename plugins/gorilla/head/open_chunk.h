// The float samples that a series gathered since the last seal: a line of state and, unless the values are constant,
// one buffer in the generation's arena. Values are kept bit-exact:
//
//   kConstant   all values equal; no buffer
//   kDelta      decimals: value = integer / 10^exponent, exactly. The buffer has the first integer (8 bytes), then
//   zigzag
//               differences of 0, 1, 2 or 4 bytes growing up, and their 2-bit lengths growing down from its end
//   kDeltaOfDelta  the same with differences of differences
//   kXor        Gorilla's XOR stream (section 4.1.2 of the paper) for everything else
//
// A chunk begins constant and moves down this list when a value asks for it. Timestamps are in a shared column.
#ifndef NIGHTLIGHT_GORILLA_HEAD_OPEN_CHUNK_H_
#define NIGHTLIGHT_GORILLA_HEAD_OPEN_CHUNK_H_

#include <cstdint>
#include <vector>

#include "gorilla/head/chunk_arena.h"

namespace nightlight::gorilla {

enum class ChunkMode : uint8_t { kEmpty = 0, kConstant = 1, kDelta = 2, kDeltaOfDelta = 3, kXor = 4 };

// What decoding needs: copied for a reader, who then sees the first `count` samples whatever is appended later.
struct ChunkState {
  uint64_t value_bits = 0;  // The last value; kConstant: every one.
  uint32_t buffer = 0;
  uint32_t column = 0;
  uint32_t used = 0;  // kDelta*: bytes from the front. kXor: bits.
  uint16_t count = 0;
  ChunkMode mode = ChunkMode::kEmpty;
  uint8_t exponent = 0;
  uint8_t size_class = 0;
  // Of the buffer, which is only written: the byte that the next sample may add to. kDelta*: the lengths of the last
  // differences, and where they stand; kXor: the last bits.
  uint8_t open_byte = 0;
  uint16_t open_at = 0;
};

// A series' hot line: one cache line.
struct alignas(64) HotSeries {
  ChunkState chunk;
  uint8_t leading = 0xff, trailing = 0;   // kXor: the current window; 0xff: none.
  int8_t trend = 0;                       // Positive when differences of differences were shorter than differences.
  uint8_t flags = 0;                      // SeriesFlags
  uint8_t idle = 0;                       // Seals since the last sample.
  uint16_t stamp = 0;                     // Of the last batch that named it.
  int64_t last_timestamp_ms = INT64_MIN;  // Of all samples, sealed ones too. INT64_MIN: never any.
  int64_t last_integer = 0;               // kDelta*
  int64_t last_delta = 0;
};
static_assert(sizeof(HotSeries) == 64);

enum SeriesFlags : uint8_t {
  kHasSide = 1,  // The generation has a SideSeries for it.
  kLastIsHistogram = 2,
  kLastUnknown = 4,  // The last value was lost in a restart; last_timestamp_ms is right.
};

// Appends a value to the chunk; the caller has seen to its timestamp. False when the chunk is full: nothing was
// changed, and it must be ended (see start_chunk) first.
bool append_value(HotSeries& series, ChunkArena& arena, uint64_t value_bits, bool xor_only);

// Forgets the chunk, whose state the caller has kept, and makes ready for a new one.
void start_chunk(HotSeries& series);

// Fetches what the next append_value writes to.
inline void prefetch_buffer(const ChunkState& chunk, const ChunkArena& arena) {
  if (chunk.mode < ChunkMode::kDelta) return;
  const uint32_t used = chunk.mode == ChunkMode::kXor ? chunk.used / 8 : chunk.used;
  __builtin_prefetch(arena.at(chunk.buffer) + used, 1);
}

// Bytes of buffer that a copy of the chunk needs.
inline uint32_t buffer_bytes(const ChunkState& chunk) {
  return chunk.mode >= ChunkMode::kDelta ? ChunkArena::class_bytes(chunk.size_class) : 0;
}

// Decodes the first `chunk.count` values into `out`. `buffer` is the chunk's buffer or a copy, followed by 8 readable
// bytes.
void decode_values(const ChunkState& chunk, const uint8_t* buffer, double* out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_OPEN_CHUNK_H_
