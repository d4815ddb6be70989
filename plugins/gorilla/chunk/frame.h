// Patched frames of reference: unsigned 64-bit integers in frames of 64, each frame packed at a width of its own, the
// few that do not fit kept aside ("patched").
//
// A frame is: one byte, bits 0-6 the width 0..64, bit 7 "has patches"; then ceil(count * width / 8) bytes of packed low
// bits, least significant first; then, with patches, their number (1 byte), their positions (1 byte each, ascending)
// and the bits above the width as varints.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_FRAME_H_
#define NIGHTLIGHT_GORILLA_CHUNK_FRAME_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

inline constexpr size_t kFrameValues = 64;

// The size of the frames of `values`.
size_t frames_size(std::span<const uint64_t> values);
void put_frames(std::span<const uint64_t> values, Bytes& out);
// Reads the frame of the next `count` (1..64) values. `out` must have room for 64, whatever the count. False when
// damaged.
bool read_frame(BoundedReader& in, size_t count, uint64_t* out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_FRAME_H_
