// Columns of doubles: what is a decimal number becomes integers, the rest is XORed. Every bit pattern round-trips.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_VALUES_H_
#define NIGHTLIGHT_GORILLA_CHUNK_VALUES_H_

#include <span>

#include "gorilla/chunk/integers.h"

namespace nightlight::gorilla {

// Stored in blocks: numbers never change their meaning.
enum class ValueEncoding : uint8_t {
  kConstant = 0,  // One double, of any bits.
  kGorilla = 1,
  kByteXor = 2,
  kOrdered = 3,   // The bits as integers that ascend as the doubles do.
  kDecimal = 8,   // + IntegerEncoding: value = integer * factor / 10^exponent.
  kSibling = 16,  // + IntegerEncoding: integers less a multiple of another chunk's values.
};
inline constexpr uint8_t kValueEncodings = 8 + kIntegerEncodings;
inline constexpr uint8_t kSiblingEncodings = 16 + kIntegerEncodings;
static_assert(kIntegerEncodings <= 8);
// Beside the encoding: some values are stored apart, because they have no place among decimals (NaN, infinities, -0).
inline constexpr uint8_t kHasExceptions = 0x40;

enum class ValueChoice {
  kSmallest,  // The smallest as it stands.
  kDense,     // For blocks that stay: denser, slower codes; and bytes rather than bits, since zstd comes after them.
  kGorillaOnly,
};

constexpr IntegerChoice integers_of(ValueChoice choice) {
  return choice == ValueChoice::kDense ? IntegerChoice::kDense : IntegerChoice::kQuick;
}

// A chunk with the same timestamps that stands before another in its page: buckets of one histogram grow together.
struct Sibling {
  size_t back = 0;                 // So many chunks before.
  std::span<const double> values;  // As many as the other has.
};

// Appends `values` (1 .. kMaxChunkSamples); answers the encoding, with kHasExceptions if so. Integers are told from one
// of the siblings where that is smaller; only with ValueChoice::kDense.
uint8_t encode_values(std::span<const double> values, ValueChoice choice, Bytes& out,
                      std::span<const Sibling> siblings = {});

// Whether a chunk is told from a sibling.
constexpr bool has_sibling(uint8_t encoding) {
  encoding &= static_cast<uint8_t>(~kHasExceptions);
  return encoding >= static_cast<uint8_t>(ValueEncoding::kSibling) && encoding < kSiblingEncodings;
}
// How many chunks before it the sibling stands; 0 when that cannot be read.
size_t sibling_back(ByteView bytes);

// Decodes exactly `count` values into `out`; false when `bytes` are anything but their encoding, or are told from a
// sibling and `sibling` are not as many values.
bool decode_values(uint8_t encoding, ByteView bytes, size_t count, double* out, std::span<const double> sibling = {});

const char* value_encoding_name(uint8_t encoding);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_VALUES_H_
