#include "base/shortest_decimal.h"

#include <array>
#include <bit>
#include <cstddef>

namespace nightlight {
namespace {

__extension__ using uint128 = unsigned __int128;

struct Power {
  uint64_t high, low;
};

constexpr int kLeast = -292, kMost = 324;

// A natural number of so many words, the lowest first.
template <size_t kWords>
struct Natural {
  std::array<uint64_t, kWords> words{};

  constexpr void multiply_by_ten() {
    uint64_t carry = 0;
    for (uint64_t& word : words) {
      const uint128 product = uint128{word} * 10 + carry;
      word = static_cast<uint64_t>(product);
      carry = static_cast<uint64_t>(product >> 64);
    }
  }
  constexpr void divide_by_ten() {
    uint64_t rest = 0;
    for (size_t i = kWords; i-- > 0;) {
      const uint128 part = uint128{rest} << 64 | words[i];
      words[i] = static_cast<uint64_t>(part / 10);
      rest = static_cast<uint64_t>(part % 10);
    }
  }
  // The highest 128 bits, the first of them 1; rounded up when `inexact` or when others are cut off.
  constexpr Power top(bool inexact) const {
    size_t last = kWords - 1;
    while (words[last] == 0) --last;
    auto word = [&](size_t below) { return below <= last ? words[last - below] : 0; };
    const int shift = std::countl_zero(words[last]);
    auto shifted = [&](size_t below) {
      return shift == 0 ? word(below) : word(below) << shift | word(below + 1) >> (64 - shift);
    };
    Power out{shifted(0), shifted(1)};
    bool cut = inexact || (word(2) << shift) != 0;
    for (size_t below = 3; below <= last; ++below) cut = cut || word(below) != 0;
    if (cut && ++out.low == 0) ++out.high;
    return out;
  }
};

// 10^k for k from kLeast to kMost, as 128 bits each.
constexpr auto kPowers = [] {
  std::array<Power, kMost - kLeast + 1> out{};
  Natural<17> whole;  // 10^324 has 1,077 bits.
  whole.words[0] = 1;
  for (int k = 0; k <= kMost; ++k, whole.multiply_by_ten()) out[static_cast<size_t>(k - kLeast)] = whole.top(false);
  Natural<18> part;  // 10^-292 of 2^1151 leaves 181 bits.
  part.words[17] = uint64_t{1} << 63;
  for (int k = -1; k >= kLeast; --k) {
    part.divide_by_ten();
    out[static_cast<size_t>(k - kLeast)] = part.top(true);
  }
  return out;
}();

// The product's upper part; its lowest bit also stands for everything below.
uint64_t round_to_odd(Power power, uint64_t factor) {
  const uint128 low = uint128{power.low} * factor;
  const uint128 high = uint128{power.high} * factor + static_cast<uint64_t>(low >> 64);
  return static_cast<uint64_t>(high >> 64) | (static_cast<uint64_t>(high) > 1 ? 1 : 0);
}

// The floor of log2(10^e) and of log10(2^e), the latter of three quarters of it when `smaller`.
constexpr int log2_of_power_of_10(int e) { return (e * 1741647) >> 19; }
constexpr int log10_of_power_of_2(int e, bool smaller) { return (e * 1262611 - (smaller ? 524031 : 0)) >> 22; }

Decimal without_zeros(Decimal d) {
  while (d.digits % 10 == 0) d.digits /= 10, ++d.exponent;
  return d;
}

}  // namespace

Decimal shortest_decimal(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  const int biased = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t c = biased == 0 ? mantissa : mantissa | uint64_t{1} << 52;
  const int q = (biased == 0 ? 1 : biased) - 1075;
  if (q <= 0 && q > -53 && (c & ((uint64_t{1} << -q) - 1)) == 0) return without_zeros({c >> -q, 0});

  const bool even = c % 2 == 0, lower_is_closer = mantissa == 0 && biased > 1;
  const int k = log10_of_power_of_2(q, lower_is_closer);
  const int h = q + log2_of_power_of_10(-k) + 1;
  const Power power = kPowers[static_cast<size_t>(-k - kLeast)];
  // In units of a quarter of 10^k: the value, and the ends of what rounds to it.
  const uint64_t middle = round_to_odd(power, 4 * c << h);
  const uint64_t begin = round_to_odd(power, (4 * c - (lower_is_closer ? 1 : 2)) << h) + (even ? 0 : 1);
  const uint64_t end = round_to_odd(power, (4 * c + 2) << h) - (even ? 0 : 1);
  const uint64_t s = middle / 4;
  if (s >= 10) {  // With a digit less?
    const uint64_t tens = s / 10;
    const bool down = begin <= 40 * tens, up = 40 * tens + 40 <= end;
    if (down != up) return without_zeros({tens + (up ? 1 : 0), k + 1});
  }
  const bool down = begin <= 4 * s, up = 4 * s + 4 <= end;
  if (down != up) return without_zeros({s + (up ? 1 : 0), k});
  const uint64_t half = 4 * s + 2;
  const bool round_up = middle > half || (middle == half && s % 2 == 1);
  return without_zeros({s + (round_up ? 1 : 0), k});
}

}  // namespace nightlight
