#include "gorilla/chunk/frame.h"

#include <algorithm>
#include <array>

#include "gorilla/chunk/bit_packing.h"

namespace nightlight::gorilla {
namespace {

struct Plan {
  unsigned width = 0;
  unsigned patches = 0;
  size_t size = 0;  // Of the whole frame.
};

// The cheapest width: by counting how many values need how many bits, then trying widths from the widest down.
Plan plan_frame(const uint64_t* values, size_t count) {
  std::array<uint8_t, 65> needing{};
  uint64_t all = 0;
  for (size_t i = 0; i < count; ++i) {
    ++needing[static_cast<size_t>(std::bit_width(values[i]))];
    all |= values[i];
  }
  auto widest = static_cast<unsigned>(std::bit_width(all));
  auto packed = [&](unsigned width) { return packed_size(count, width); };
  Plan best{widest, 0, 1 + packed(widest)};
  unsigned patches = 0;
  for (unsigned width = widest; width-- > 0;) {
    patches += needing[width + 1];
    // A patch costs a position and at least one byte of varint: beyond this bound no narrower width can win.
    if (1 + 1 + 2 * size_t{patches} >= best.size) break;
    size_t size = 1 + packed(width) + 1 + patches;
    for (unsigned wide = width + 1; wide <= widest; ++wide) size += needing[wide] * ((wide - width + 6) / 7);
    if (size < best.size) best = Plan{width, patches, size};
  }
  return best;
}

}  // namespace

size_t frames_size(std::span<const uint64_t> values) {
  size_t size = 0;
  for (size_t at = 0; at < values.size(); at += kFrameValues)
    size += plan_frame(values.data() + at, std::min(kFrameValues, values.size() - at)).size;
  return size;
}

void put_frames(std::span<const uint64_t> values, Bytes& out) {
  for (size_t at = 0; at < values.size(); at += kFrameValues) {
    const uint64_t* frame = values.data() + at;
    size_t count = std::min(kFrameValues, values.size() - at);
    Plan plan = plan_frame(frame, count);
    out.push_back(static_cast<uint8_t>(plan.width | (plan.patches > 0 ? 0x80u : 0u)));
    put_packed(frame, count, plan.width, out);
    if (plan.patches == 0) continue;
    out.push_back(static_cast<uint8_t>(plan.patches));
    for (size_t i = 0; i < count; ++i)
      if (frame[i] > mask_of(plan.width)) out.push_back(static_cast<uint8_t>(i));
    for (size_t i = 0; i < count; ++i)
      if (frame[i] > mask_of(plan.width)) put_varint(out, frame[i] >> plan.width);
  }
}

bool read_frame(BoundedReader& in, size_t count, uint64_t* out) {
  uint8_t head = in.byte();
  unsigned width = head & 0x7fu;
  if (width > 64) return false;
  if (!read_packed(in, count, width, out)) return false;
  if ((head & 0x80u) == 0) return true;
  size_t patches = in.byte();
  if (patches == 0 || patches > count || width == 64) return false;
  ByteView positions = in.bytes(patches);
  if (!in.ok()) return false;
  int last = -1;
  for (uint8_t position : positions) {
    uint64_t high = in.varint();
    if (position <= last || position >= count || high == 0 || high > (~uint64_t{0} >> width)) return false;
    out[position] |= high << width;
    last = position;
  }
  return in.ok();
}

}  // namespace nightlight::gorilla
