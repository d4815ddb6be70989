// Unsigned 64-bit integers at one width, the lowest bits of a byte first.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_BIT_PACKING_H_
#define NIGHTLIGHT_GORILLA_CHUNK_BIT_PACKING_H_

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Read at a time at the most.
inline constexpr size_t kPackedGroup = 64;

constexpr uint64_t mask_of(unsigned width) { return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }
constexpr size_t packed_size(size_t count, unsigned width) { return (count * width + 7) / 8; }

// Appends the low `width` (0..64) bits of each.
void put_packed(const uint64_t* values, size_t count, unsigned width, Bytes& out);
// Reads `count` (1..64) values. `out` must have room for 64, whatever the count. False when they are not all there.
bool read_packed(BoundedReader& in, size_t count, unsigned width, uint64_t* out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_BIT_PACKING_H_
