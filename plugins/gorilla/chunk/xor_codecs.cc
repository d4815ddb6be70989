#include "gorilla/chunk/xor_codecs.h"

#include <algorithm>

#include "gorilla/chunk/bit_stream.h"

namespace nightlight::gorilla {
namespace {

uint64_t bits_of(double value) { return std::bit_cast<uint64_t>(value); }

// Calls put(bits, count) for each piece of the Gorilla stream.
template <class Put>
void write_gorilla(std::span<const double> values, Put put) {
  uint64_t before = bits_of(values[0]);
  put(before, 64);
  unsigned leading = 65, trailing = 0;  // The window in force; 65: none yet.
  for (double value : values.subspan(1)) {
    uint64_t difference = bits_of(value) ^ before;
    before = bits_of(value);
    if (difference == 0) {
      put(0, 1);
      continue;
    }
    // Five bits hold up to 31 leading zeros.
    auto new_leading = std::min(static_cast<unsigned>(std::countl_zero(difference)), 31u);
    auto new_trailing = static_cast<unsigned>(std::countr_zero(difference));
    if (leading <= 31 && new_leading >= leading && new_trailing >= trailing) {
      put(2, 2);
      put(difference >> trailing, 64 - leading - trailing);
      continue;
    }
    leading = new_leading;
    trailing = new_trailing;
    unsigned length = 64 - leading - trailing;
    put(3, 2);
    put(leading, 5);
    put(length & 63, 6);  // 64 is written as 0.
    put(difference >> trailing, length);
  }
}

struct ByteXor {
  unsigned nibble;
  unsigned length;
  unsigned shift;  // Of the stored bytes within the XOR, in bits.
};

ByteXor byte_xor_of(uint64_t difference) {
  if (difference == 0) return {0, 0, 0};
  auto low = static_cast<unsigned>(8 - std::countl_zero(difference) / 8);
  auto dropped = static_cast<unsigned>(std::countr_zero(difference) / 8);
  if (8 - dropped < low) return {8 + dropped, 8 - dropped, 8 * dropped};
  return {low, low, 0};
}

}  // namespace

void put_gorilla(std::span<const double> values, Bytes& out) {
  BitWriter writer(out);
  write_gorilla(values, [&](uint64_t bits, unsigned count) { writer.put(bits, count); });
  writer.finish();
}

size_t gorilla_size(std::span<const double> values) {
  size_t size = 0;
  write_gorilla(values, [&](uint64_t, unsigned count) { size += count; });
  return (size + 7) / 8;
}

bool read_gorilla(ByteView bytes, size_t count, double* out) {
  BitReader in(bytes);
  uint64_t value = in.get(64);
  unsigned leading = 65, length = 0;
  out[0] = std::bit_cast<double>(value);
  for (size_t i = 1; i < count; ++i) {
    if (in.get(1) != 0) {
      if (in.get(1) != 0) {
        leading = static_cast<unsigned>(in.get(5));
        length = static_cast<unsigned>(in.get(6));
        if (length == 0) length = 64;
      }
      // Before the first window there is nothing to use again.
      if (leading + length > 64) return false;
      value ^= in.get(length) << (64 - leading - length);
    }
    out[i] = std::bit_cast<double>(value);
  }
  return in.finished();
}

size_t byte_xor_size(std::span<const double> values) {
  size_t size = 8 + values.size() / 2;
  for (size_t i = 1; i < values.size(); ++i) size += byte_xor_of(bits_of(values[i]) ^ bits_of(values[i - 1])).length;
  return size;
}

void put_byte_xor(std::span<const double> values, Bytes& out) {
  put_fixed(out, bits_of(values[0]));
  size_t nibbles = out.size();
  out.resize(nibbles + values.size() / 2);
  for (size_t i = 1; i < values.size(); ++i) {
    uint64_t difference = bits_of(values[i]) ^ bits_of(values[i - 1]);
    ByteXor form = byte_xor_of(difference);
    out[nibbles + (i - 1) / 2] |= static_cast<uint8_t>(form.nibble << ((i - 1) % 2 * 4));
    uint64_t stored = difference >> form.shift;
    const auto* p = reinterpret_cast<const uint8_t*>(&stored);
    out.insert(out.end(), p, p + form.length);
  }
}

bool read_byte_xor(ByteView bytes, size_t count, double* out) {
  BoundedReader in(bytes);
  auto value = in.fixed<uint64_t>();
  ByteView nibbles = in.bytes(count / 2);
  if (!in.ok()) return false;
  out[0] = std::bit_cast<double>(value);
  const uint8_t* p = in.position();
  const uint8_t* end = p + in.remaining();
  for (size_t i = 1; i < count; ++i) {
    unsigned nibble = (nibbles[(i - 1) / 2] >> ((i - 1) % 2 * 4)) & 15u;
    unsigned length = nibble <= 8 ? nibble : 16 - nibble;
    unsigned shift = nibble <= 8 ? 0 : 8 * (nibble - 8);
    auto left = static_cast<size_t>(end - p);
    if (length > left) return false;
    uint64_t stored = 0;
    if (left >= 8) {
      stored = load<uint64_t>(p) & (length == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * length)) - 1);
    } else {
      std::memcpy(&stored, p, length);
    }
    p += length;
    value ^= stored << shift;
    out[i] = std::bit_cast<double>(value);
  }
  return p == end && (count % 2 == 1 || (nibbles.empty() || nibbles.back() >> 4 == 0));
}

}  // namespace nightlight::gorilla
