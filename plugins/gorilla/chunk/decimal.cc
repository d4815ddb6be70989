#include "gorilla/chunk/decimal.h"

#include <array>
#include <bit>

#include "base/vector_clones.h"

namespace nightlight::gorilla {
namespace {

constexpr std::array<double, kMaxDecimalExponent + 1> kPower10{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// 1.5 * 2^52: added to an integer below 2^51 it leaves that integer in the low bits of the sum, rounded to nearest.
constexpr double kShifter = 6755399441055744.0;
constexpr int64_t kShifterBits = std::bit_cast<int64_t>(kShifter);

// Of one that is out of range: some number. Without a call, see base/vector_clones.h.
[[gnu::always_inline]] inline double to_double(int64_t integer) {
  return __builtin_bit_cast(double, static_cast<uint64_t>(integer) + static_cast<uint64_t>(kShifterBits)) - kShifter;
}

// Scales as many values as have the exponent, and answers their number. Eight at a time, without a branch inside, for
// the vectoriser.
size_t scale(std::span<const double> values, double power, int64_t* integers) {
  constexpr size_t kStep = 8;
  constexpr double kLimit = static_cast<double>(kMaxDecimal - 1);
  auto one = [&](size_t i) -> uint64_t {
    double scaled = values[i] * power;
    bool within = scaled >= -kLimit && scaled <= kLimit;
    int64_t integer = std::bit_cast<int64_t>((within ? scaled : 0.0) + kShifter) - kShifterBits;
    integers[i] = integer;
    return std::bit_cast<uint64_t>(to_double(integer) / power) ^ std::bit_cast<uint64_t>(values[i]);
  };
  size_t i = 0;
  for (; i + kStep <= values.size(); i += kStep) {
    uint64_t wrong = 0;
    for (size_t k = 0; k < kStep; ++k) wrong |= one(i + k);
    if (wrong != 0) break;
  }
  while (i < values.size() && one(i) == 0) ++i;
  return i;
}

}  // namespace

std::optional<unsigned> to_decimal(std::span<const double> values, int64_t* integers) {
  size_t good = 0;
  for (unsigned exponent = 0; exponent <= kMaxDecimalExponent; ++exponent) {
    // Values before `good` have a smaller exponent, hence this one too, unless they grow too large: all are tried
    // again, but only once the value that stopped the last exponent passes.
    if (good > 0 || exponent > 0) {
      int64_t probe;
      if (scale(values.subspan(good, 1), kPower10[exponent], &probe) != 1) continue;
    }
    size_t done = scale(values, kPower10[exponent], integers);
    if (done == values.size()) return exponent;
    // An earlier value that has no form at this exponent has none at a larger one.
    if (done < good) return std::nullopt;
    good = done;
  }
  return std::nullopt;
}

namespace {

// A bit at or above number 52 tells of one that is too large: |x| < 2^51 for all, without a branch, when x + 2^51 fits
// in 52 bits.
NIGHTLIGHT_VECTOR_CLONES uint64_t to_doubles(const int64_t* integers, size_t count, double* values) {
  uint64_t outside = 0;
  for (size_t i = 0; i < count; ++i) {
    outside |= static_cast<uint64_t>(integers[i]) + static_cast<uint64_t>(kMaxDecimal);
    values[i] = to_double(integers[i]);
  }
  return outside;
}

NIGHTLIGHT_VECTOR_CLONES uint64_t to_quotients(const int64_t* integers, size_t count, double power, double* values) {
  uint64_t outside = 0;
  for (size_t i = 0; i < count; ++i) {
    outside |= static_cast<uint64_t>(integers[i]) + static_cast<uint64_t>(kMaxDecimal);
    values[i] = to_double(integers[i]) / power;
  }
  return outside;
}

}  // namespace

bool from_decimal(std::span<const int64_t> integers, unsigned exponent, double* values) {
  const uint64_t outside = exponent == 0 ? to_doubles(integers.data(), integers.size(), values)
                                         : to_quotients(integers.data(), integers.size(), kPower10[exponent], values);
  return outside >> 52 == 0;
}

}  // namespace nightlight::gorilla
