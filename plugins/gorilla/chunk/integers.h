// Sequences of 64-bit integers: timestamps, decimal-scaled values, histogram counts. Every sequence round-trips;
// differences wrap around.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_INTEGERS_H_
#define NIGHTLIGHT_GORILLA_CHUNK_INTEGERS_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Stored in blocks: numbers never change their meaning.
enum class IntegerEncoding : uint8_t {
  kLinear = 0,       // first + i * step
  kRunLength = 1,    // runs of an equal value
  kSvbDelta = 2,     // StreamVByte of zigzag differences
  kSvbDelta2 = 3,    // ... of differences of differences
  kFrameDelta = 4,   // 64-value frames of bits with patched outliers, of zigzag differences
  kFrameDelta2 = 5,  // ... of differences of differences
  kFrameOffset = 6,  // ... of differences less their least
  kSmoothed = 7,     // Huffman-coded buckets of the residuals of a prediction
};
inline constexpr uint8_t kIntegerEncodings = 8;

// More integers than any chunk has: decoders refuse, so that a damaged count cannot make anyone allocate.
inline constexpr size_t kMaxChunkSamples = 8192;

enum class IntegerChoice {
  kQuick,  // Not kSmoothed, which takes twice as long to read and several times to write.
  kDense,  // kSmoothed, too, where it is worth it.
};

// Appends `values` (1 .. kMaxChunkSamples) in the smallest encoding.
IntegerEncoding encode_integers(std::span<const int64_t> values, Bytes& out,
                                IntegerChoice choice = IntegerChoice::kQuick);
// Appends them in a given encoding. False, and nothing appended, when they have no such form (kLinear of something
// else, SVB of differences beyond 32 bits, kSmoothed of few or equal residuals).
bool encode_integers_as(IntegerEncoding encoding, std::span<const int64_t> values, Bytes& out);

// Decodes exactly `count` integers into `out`; false when `bytes` are anything but their encoding.
bool decode_integers(IntegerEncoding encoding, ByteView bytes, size_t count, int64_t* out);

// One encoding of the table.
struct IntegerCodec {
  IntegerEncoding id;
  const char* name;
  bool (*encode)(std::span<const int64_t> values, Bytes& out);
  bool (*decode)(ByteView bytes, size_t count, int64_t* out);
};
std::span<const IntegerCodec> integer_codecs();

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_INTEGERS_H_
