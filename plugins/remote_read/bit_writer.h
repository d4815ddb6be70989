// Bits, most significant first, and the variable-length integers of Prometheus' chunk formats.
#ifndef NIGHTLIGHT_REMOTE_READ_BIT_WRITER_H_
#define NIGHTLIGHT_REMOTE_READ_BIT_WRITER_H_

#include <cstdint>
#include <string>

namespace nightlight::remote_read {

class BitWriter {
 public:
  // Appends to `out`, whose bytes so far are whole.
  explicit BitWriter(std::string& out) : out_(out) {}

  void bit(bool set) { bits(set ? 1 : 0, 1); }
  // The low `count` bits of `value`, 0 to 64.
  void bits(uint64_t value, int count);

  // Prefix codes of 1 to 9 bits and 0, 3, 6, 9, 12, 18, 25, 56 or 64 bits of value (tsdb/chunkenc/varbit.go).
  void varbit(int64_t value);
  void varbit_unsigned(uint64_t value);
  // The variable-length integers of encoding/binary, in whole bytes or not.
  void varint(int64_t value);
  void uvarint(uint64_t value);

 private:
  std::string& out_;
  int free_bits_ = 0;  // Of the last byte.
};

// Gorilla's XOR of consecutive doubles (section 4.1.2 of the paper), with Prometheus' limits: at most 31 leading zeros
// are told, 64 significant bits are told as 0.
class XorWriter {
 public:
  // The first value goes out whole.
  void first(BitWriter& out, double value);
  void next(BitWriter& out, double value);

 private:
  uint64_t previous_ = 0;
  int leading_ = -1;  // -1: no window yet
  int trailing_ = 0;
};

// True when `value` fits `count` bits as Prometheus counts them: -(2^(count-1) - 1) .. 2^(count-1).
inline bool fits_bits(int64_t value, int count) {
  return -((int64_t{1} << (count - 1)) - 1) <= value && value <= int64_t{1} << (count - 1);
}

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_BIT_WRITER_H_
