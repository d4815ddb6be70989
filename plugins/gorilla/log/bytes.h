// Little-endian numbers and varints, written to and read from bytes that are not trusted.
#ifndef NIGHTLIGHT_GORILLA_LOG_BYTES_H_
#define NIGHTLIGHT_GORILLA_LOG_BYTES_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace nightlight::gorilla {

inline uint64_t zigzag_encode(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
inline int64_t zigzag_decode(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }
// Differences wrap: every pair of 64-bit numbers has one.
inline int64_t wrapping_sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T>
  void fixed(T v) {
    out_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  void varint(uint64_t v) {
    char buffer[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) buffer[n++] = static_cast<char>(v | 0x80);
    buffer[n++] = static_cast<char>(v);
    out_.append(buffer, n);
  }
  void signed_varint(int64_t v) { varint(zigzag_encode(v)); }
  void text(std::string_view v) {
    varint(v.size());
    out_.append(v);
  }
  void bytes(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }
  std::string& out() { return out_; }

 private:
  std::string& out_;
};

// After a read beyond the end, `ok` is false and everything reads as 0.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }
  bool at_end() const { return p_ == end_; }
  const char* position() const { return p_; }

  template <class T>
  T fixed() {
    T v{};
    if (const char* p = take(sizeof v)) std::memcpy(&v, p, sizeof v);
    return v;
  }
  uint64_t varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (p_ == end_) return fail();
      auto byte = static_cast<uint8_t>(*p_++);
      v |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return v;
    }
    return fail();
  }
  int64_t signed_varint() { return zigzag_decode(varint()); }
  // A number of things of which each takes at least `least` bytes of what is left: no allocation can be larger than the
  // input.
  size_t count(size_t least = 1) {
    uint64_t n = varint();
    if (least > 0 && n > left() / least) return fail();
    return static_cast<size_t>(n);
  }
  std::string_view text() {
    size_t n = count();
    const char* p = take(n);
    return p == nullptr ? std::string_view() : std::string_view(p, n);
  }
  // `size` raw bytes, or null.
  const char* take(size_t size) {
    if (size > left()) return fail(), nullptr;
    const char* p = p_;
    p_ += size;
    return p;
  }
  uint64_t fail() {
    ok_ = false;
    p_ = end_;
    return 0;
  }

 private:
  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_BYTES_H_
