// The smallest pieces of every format here: little-endian words and LEB128 varints, written to a buffer and read back
// without ever leaving it.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_BYTES_H_
#define NIGHTLIGHT_GORILLA_CHUNK_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace nightlight::gorilla {

static_assert(std::endian::native == std::endian::little, "formats are little-endian and copied as they are");

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1))); }

// Differences and sums that wrap around: every pair of int64 has one, and it can be undone.
inline int64_t wrap_sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrap_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
void put_fixed(Bytes& out, T value) {
  size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

inline void put_varint(Bytes& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}
inline void put_signed(Bytes& out, int64_t value) { put_varint(out, zigzag(value)); }
inline size_t varint_size(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

inline void put_bytes(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
inline void put_text(Bytes& out, std::string_view text) {
  put_varint(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

// Reads from the front. After the first read that does not fit, ok() is false and everything reads as zero or empty.
class BoundedReader {
 public:
  explicit BoundedReader(ByteView bytes) : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  explicit BoundedReader(std::string_view bytes)
      : BoundedReader(ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size())) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  // Everything was read, and nothing more than that.
  bool finished() const { return ok_ && p_ == end_; }
  const uint8_t* position() const { return p_; }
  void fail() {
    ok_ = false;
    p_ = end_;
  }

  uint8_t byte() {
    if (p_ == end_) {
      fail();
      return 0;
    }
    return *p_++;
  }

  template <class T>
  T fixed() {
    if (remaining() < sizeof(T)) {
      fail();
      return T{};
    }
    T value = load<T>(p_);
    p_ += sizeof(T);
    return value;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p_ != end_; shift += 7) {
      uint8_t b = *p_++;
      // The tenth byte has room for one bit.
      if (shift == 63 && b > 1) break;
      value |= uint64_t{b & 0x7fu} << shift;
      if (b < 0x80) return value;
    }
    fail();
    return 0;
  }
  int64_t signed_varint() { return unzigzag(varint()); }

  // A varint of at most `limit`; larger ones fail.
  uint64_t bounded(uint64_t limit) {
    uint64_t value = varint();
    if (value > limit) {
      fail();
      return 0;
    }
    return value;
  }

  ByteView bytes(uint64_t size) {
    if (size > remaining()) {
      fail();
      return {};
    }
    ByteView out(p_, static_cast<size_t>(size));
    p_ += size;
    return out;
  }
  std::string_view text() {
    ByteView out = bytes(varint());
    return {reinterpret_cast<const char*>(out.data()), out.size()};
  }
  ByteView rest() { return bytes(remaining()); }

 private:
  const uint8_t* p_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_BYTES_H_
