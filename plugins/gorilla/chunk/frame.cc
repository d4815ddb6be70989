#include "gorilla/chunk/frame.h"

#include <algorithm>
#include <array>
#include <utility>

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
  auto packed = [&](unsigned width) { return (count * width + 7) / 8; };
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

constexpr uint64_t mask_of(unsigned width) { return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

void pack(const uint64_t* values, size_t count, unsigned width, uint8_t* out) {
  uint64_t held = 0;
  unsigned filled = 0;
  uint64_t mask = mask_of(width);
  for (size_t i = 0; i < count; ++i) {
    uint64_t value = values[i] & mask;
    held |= value << filled;
    filled += width;
    if (filled < 64) continue;
    std::memcpy(out, &held, 8);
    out += 8;
    filled -= 64;
    held = filled == 0 ? 0 : value >> (width - filled);
  }
  std::memcpy(out, &held, (filled + 7) / 8);
}

// Eight values at width W are W bytes: with W known, every load, shift and mask is a constant. Reads up to 8 bytes
// beyond.
template <unsigned W>
void unpack(const uint8_t* in, uint64_t* out) {
  if constexpr (W == 0) {
    std::fill_n(out, kFrameValues, 0);
  } else {
    for (size_t group = 0; group < kFrameValues / 8; ++group, in += W, out += 8) {
#pragma GCC unroll 8
      for (unsigned i = 0; i < 8; ++i) {
        unsigned bit = i * W;
        uint64_t value = load<uint64_t>(in + bit / 8) >> (bit % 8);
        if (W + bit % 8 > 64) value |= load<uint64_t>(in + bit / 8 + 1) << (8 - bit % 8);
        out[i] = value & mask_of(W);
      }
    }
  }
}

using Unpack = void (*)(const uint8_t*, uint64_t*);
template <size_t... W>
constexpr std::array<Unpack, sizeof...(W)> unpack_table(std::index_sequence<W...>) {
  return {&unpack<static_cast<unsigned>(W)>...};
}
constexpr auto kUnpack = unpack_table(std::make_index_sequence<65>());

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
    size_t start = out.size();
    out.resize(start + (count * plan.width + 7) / 8);
    if (plan.width > 0) pack(frame, count, plan.width, out.data() + start);
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
  ByteView packed = in.bytes((count * width + 7) / 8);
  if (!in.ok()) return false;
  // Unpacking always makes 64 values and loads whole words.
  size_t touched = kFrameValues / 8 * width + 8;
  if (packed.size() + in.remaining() >= touched) {
    kUnpack[width](packed.data(), out);
  } else {
    std::array<uint8_t, kFrameValues * 8 + 8> padded;
    std::memcpy(padded.data(), packed.data(), packed.size());
    std::memset(padded.data() + packed.size(), 0, touched - packed.size());
    kUnpack[width](padded.data(), out);
  }
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
