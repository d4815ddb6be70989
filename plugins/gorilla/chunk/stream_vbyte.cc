#include "gorilla/chunk/stream_vbyte.h"

#include <array>

namespace nightlight::gorilla {
namespace {

constexpr std::array<uint8_t, 4> kLength{0, 1, 2, 4};
constexpr std::array<uint32_t, 4> kMask{0, 0xff, 0xffff, 0xffffffff};

unsigned control_of(uint64_t value) { return value == 0 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : 3; }

}  // namespace

bool put_stream_vbyte(std::span<const uint64_t> values, Bytes& out) {
  uint64_t all = 0;
  for (uint64_t value : values) all |= value;
  if (all > 0xffffffff) return false;
  size_t control_at = out.size();
  out.resize(control_at + (values.size() + 3) / 4);
  for (size_t i = 0; i < values.size(); ++i) {
    unsigned control = control_of(values[i]);
    out[control_at + i / 4] |= static_cast<uint8_t>(control << (i % 4 * 2));
    auto narrow = static_cast<uint32_t>(values[i]);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&narrow);
    out.insert(out.end(), bytes, bytes + kLength[control]);
  }
  return true;
}

bool read_stream_vbyte(BoundedReader& in, size_t count, uint64_t* out) {
  ByteView controls = in.bytes((count + 3) / 4);
  if (!in.ok()) return false;
  size_t i = 0;
  const uint8_t* p = in.position();
  const uint8_t* begin = p;
  const uint8_t* end = p + in.remaining();
  // While a full group of four fits whatever its lengths are, loads need no check.
  for (; i + 4 <= count && end - p >= 16; i += 4) {
    uint8_t control = controls[i / 4];
#pragma GCC unroll 4
    for (unsigned k = 0; k < 4; ++k) {
      unsigned code = (control >> (2 * k)) & 3u;
      out[i + k] = load<uint32_t>(p) & kMask[code];
      p += kLength[code];
    }
  }
  in.bytes(static_cast<uint64_t>(p - begin));
  for (; i < count; ++i) {
    unsigned code = (controls[i / 4] >> (i % 4 * 2)) & 3u;
    ByteView data = in.bytes(kLength[code]);
    if (!in.ok()) return false;
    uint32_t value = 0;
    std::memcpy(&value, data.data(), data.size());
    out[i] = value;
  }
  return true;
}

}  // namespace nightlight::gorilla
