#include "remote_read/bit_writer.h"

#include <algorithm>
#include <bit>

namespace nightlight::remote_read {
namespace {

struct VarbitCode {
  uint64_t prefix;
  int prefix_bits;
  int value_bits;
};
constexpr VarbitCode kVarbitCodes[] = {{0b10, 2, 3},      {0b110, 3, 6},      {0b1110, 4, 9},     {0b11110, 5, 12},
                                       {0b111110, 6, 18}, {0b1111110, 7, 25}, {0b11111110, 8, 56}};
constexpr VarbitCode kWhole{0b11111111, 8, 64};

}  // namespace

void BitWriter::bits(uint64_t value, int count) {
  while (count > 0) {
    if (free_bits_ == 0) {
      out_.push_back(0);
      free_bits_ = 8;
    }
    int take = std::min(count, free_bits_);
    uint64_t piece = (value >> (count - take)) & ((uint64_t{1} << take) - 1);
    out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | piece << (free_bits_ - take));
    free_bits_ -= take;
    count -= take;
  }
}

void BitWriter::varbit(int64_t value) {
  if (value == 0) return bit(false);
  const VarbitCode* code = std::find_if(std::begin(kVarbitCodes), std::end(kVarbitCodes),
                                        [&](const VarbitCode& c) { return fits_bits(value, c.value_bits); });
  const VarbitCode& chosen = code == std::end(kVarbitCodes) ? kWhole : *code;
  bits(chosen.prefix, chosen.prefix_bits);
  bits(static_cast<uint64_t>(value), chosen.value_bits);
}

void BitWriter::varbit_unsigned(uint64_t value) {
  if (value == 0) return bit(false);
  const VarbitCode* code = std::find_if(std::begin(kVarbitCodes), std::end(kVarbitCodes),
                                        [&](const VarbitCode& c) { return value >> c.value_bits == 0; });
  const VarbitCode& chosen = code == std::end(kVarbitCodes) ? kWhole : *code;
  bits(chosen.prefix, chosen.prefix_bits);
  bits(value, chosen.value_bits);
}

void BitWriter::uvarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bits((value & 0x7f) | 0x80, 8);
  bits(value, 8);
}

void BitWriter::varint(int64_t value) {
  uvarint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}

void XorWriter::first(BitWriter& out, double value) {
  previous_ = std::bit_cast<uint64_t>(value);
  out.bits(previous_, 64);
}

void XorWriter::next(BitWriter& out, double value) {
  auto now = std::bit_cast<uint64_t>(value);
  uint64_t delta = now ^ previous_;
  previous_ = now;
  if (delta == 0) return out.bit(false);
  out.bit(true);
  int leading = std::min(std::countl_zero(delta), 31);
  int trailing = std::countr_zero(delta);
  if (leading_ >= 0 && leading >= leading_ && trailing >= trailing_) {
    out.bit(false);
    out.bits(delta >> trailing_, 64 - leading_ - trailing_);
    return;
  }
  leading_ = leading;
  trailing_ = trailing;
  int significant = 64 - leading - trailing;
  out.bit(true);
  out.bits(static_cast<uint64_t>(leading), 5);
  out.bits(static_cast<uint64_t>(significant) & 63, 6);
  out.bits(delta >> trailing, significant);
}

}  // namespace nightlight::remote_read
