// StreamVByte in its 0-1-2-4 form: for each integer below 2^32 two control bits say whether it has 0, 1, 2 or 4 bytes.
// First all control bits, four integers a byte, least significant first, then all data bytes.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_STREAM_VBYTE_H_
#define NIGHTLIGHT_GORILLA_CHUNK_STREAM_VBYTE_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// False, and nothing appended, when a value has more than 32 bits.
bool put_stream_vbyte(std::span<const uint64_t> values, Bytes& out);
// Reads exactly `count` integers; false when damaged.
bool read_stream_vbyte(BoundedReader& in, size_t count, uint64_t* out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_STREAM_VBYTE_H_
