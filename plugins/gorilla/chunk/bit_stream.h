// Bits, most significant first, as the Gorilla paper writes them.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_BIT_STREAM_H_
#define NIGHTLIGHT_GORILLA_CHUNK_BIT_STREAM_H_

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}

  // The low `count` (0..64) bits of `value`.
  void put(uint64_t value, unsigned count) {
    while (count > 0) {
      unsigned take = count < free_ ? count : free_;
      uint64_t part = (value >> (count - take)) & ((uint64_t{1} << take) - 1);
      held_ |= part << (free_ - take);
      free_ -= take;
      count -= take;
      if (free_ == 0) flush();
    }
  }
  // Pads the last byte with zeros.
  void finish() {
    for (unsigned used = 32 - free_, i = 0; used > 0; used -= used < 8 ? used : 8, ++i)
      out_.push_back(static_cast<uint8_t>(held_ >> (24 - 8 * i)));
    held_ = 0;
    free_ = 32;
  }

 private:
  void flush() {
    for (int shift = 24; shift >= 0; shift -= 8) out_.push_back(static_cast<uint8_t>(held_ >> shift));
    held_ = 0;
    free_ = 32;
  }

  Bytes& out_;
  uint64_t held_ = 0;  // 32 bits.
  unsigned free_ = 32;
};

// After the end every bit reads as zero, and ok() is false.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  uint64_t get(unsigned count) {
    if (count > 32) {
      uint64_t high = get(count - 32);
      return high << 32 | get(32);
    }
    if (filled_ < count) fill();
    if (filled_ < count) {
      ok_ = false;
      filled_ = 0;
      held_ = 0;
      return 0;
    }
    if (count == 0) return 0;
    uint64_t value = held_ >> (64 - count);
    held_ <<= count;
    filled_ -= count;
    return value;
  }
  bool ok() const { return ok_; }
  // Everything but the padding of the last byte was read.
  bool finished() { return ok_ && p_ == end_ && filled_ < 8 && held_ == 0; }

 private:
  void fill() {
    if (end_ - p_ >= 8) {
      uint64_t word = __builtin_bswap64(load<uint64_t>(p_));
      held_ |= word >> filled_;
      unsigned bytes = (64 - filled_) / 8;
      p_ += bytes;
      filled_ += bytes * 8;
      // Drop the bits of a byte that is not counted.
      if (filled_ < 64) held_ &= ~uint64_t{0} << (64 - filled_);
      return;
    }
    while (filled_ <= 56 && p_ != end_) {
      held_ |= uint64_t{*p_++} << (56 - filled_);
      filled_ += 8;
    }
  }

  const uint8_t* p_;
  const uint8_t* end_;
  uint64_t held_ = 0;  // `filled_` bits, at the top.
  unsigned filled_ = 0;
  bool ok_ = true;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_BIT_STREAM_H_
