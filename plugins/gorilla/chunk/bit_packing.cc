#include "gorilla/chunk/bit_packing.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nightlight::gorilla {
namespace {

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
void unpack(const uint8_t* in, size_t groups, uint64_t* out) {
  if constexpr (W == 0) {
    std::fill_n(out, groups * 8, 0);
  } else {
    for (; groups > 0; --groups, in += W, out += 8) {
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

using Unpack = void (*)(const uint8_t*, size_t, uint64_t*);
template <size_t... W>
constexpr std::array<Unpack, sizeof...(W)> unpack_table(std::index_sequence<W...>) {
  return {&unpack<static_cast<unsigned>(W)>...};
}
constexpr auto kUnpack = unpack_table(std::make_index_sequence<65>());

}  // namespace

void put_packed(const uint64_t* values, size_t count, unsigned width, Bytes& out) {
  if (width == 0) return;
  size_t start = out.size();
  out.resize(start + packed_size(count, width));
  pack(values, count, width, out.data() + start);
}

bool read_packed(BoundedReader& in, size_t count, unsigned width, uint64_t* out) {
  ByteView packed = in.bytes(packed_size(count, width));
  if (!in.ok()) return false;
  const size_t groups = (count + 7) / 8;
  // Of the last groups, fewer bytes may be there than unpacking looks at.
  const size_t readable = packed.size() + in.remaining();
  size_t whole = groups;
  while (width > 0 && whole > 0 && whole * width + 8 > readable) --whole;
  kUnpack[width](packed.data(), whole, out);
  if (whole == groups) return true;
  // Two groups at the most, or eight that are narrower than a byte.
  std::array<uint8_t, 2 * 64 + 8> padded;
  const ByteView rest = packed.subspan(whole * width);
  std::memcpy(padded.data(), rest.data(), rest.size());
  std::memset(padded.data() + rest.size(), 0, (groups - whole) * width + 8 - rest.size());
  kUnpack[width](padded.data(), groups - whole, out + whole * 8);
  return true;
}

}  // namespace nightlight::gorilla
