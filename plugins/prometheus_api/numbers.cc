// Numbers in answers. Digits are the shortest that read back as the same double.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/shortest_decimal.h"
#include "prometheus_api/json_writer.h"

namespace nightlight::prometheus_api {
namespace {

__extension__ using uint128 = unsigned __int128;

char* write_text(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

constexpr uint64_t kEightDigits = 100'000'000;

// The text of eight digits, zeros first, as the word whose first byte in memory is the first digit: all of them are
// computed side by side.
uint64_t eight_digits(uint32_t n) {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t fours = n / 10'000 | static_cast<uint64_t>(n % 10'000) << 32;
  const uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007f'0000'007f;  // By 100, as the next by 10.
  const uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16);
  const uint64_t tens = (twos * 103 >> 10) & 0x000f'000f'000f'000f;
  return tens + ((twos - 10 * tens) << 8) + 0x3030'3030'3030'3030;
}

void store(char* out, uint64_t word) { std::memcpy(out, &word, sizeof word); }

constexpr std::array<uint64_t, 20> kPowers = [] {
  std::array<uint64_t, 20> out{1};
  for (size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1] * 10;
  return out;
}();

size_t digits_of(uint64_t n) {
  const auto bits = static_cast<size_t>(64 - std::countl_zero(n | 1));
  const size_t least = bits * 1233 >> 12;  // log10(2), rounded down.
  return least + (n >= kPowers[least] ? 1 : 0) + (n == 0 ? 1 : 0);
}

// Exactly `width` digits, of 1 to 24; up to seven bytes beyond them may be written. Words are stored over each other,
// and never read again so soon: that would stall.
void write_padded(char* out, uint64_t n, size_t width) {
  if (width > 16) {
    constexpr uint64_t kSixteenDigits = kEightDigits * kEightDigits;
    store(out, eight_digits(static_cast<uint32_t>(n / kSixteenDigits)) >> (24 - width) * 8);
    out += width - 16, n %= kSixteenDigits, width = 16;
  }
  if (width > 8) {
    store(out, eight_digits(static_cast<uint32_t>(n / kEightDigits)) >> (16 - width) * 8);
    out += width - 8, n %= kEightDigits, width = 8;
  }
  store(out, eight_digits(static_cast<uint32_t>(n)) >> (8 - width) * 8);
}

char* write_integer(char* out, uint64_t n) {
  const size_t size = digits_of(n);
  write_padded(out, n, size);
  return out + size;
}

// Of a decimal, without an exponent. `whole` is its integer part when it has a fraction.
char* write_decimal(char* out, Decimal d, uint64_t whole) {
  if (d.exponent >= 0) {
    out = write_integer(out, d.digits);
    std::memset(out, '0', static_cast<size_t>(d.exponent));
    return out + d.exponent;
  }
  const auto decimals = static_cast<size_t>(-d.exponent);
  if (whole == 0) {
    const size_t zeros = decimals - digits_of(d.digits);
    out = write_text(out, "0.");
    std::memset(out, '0', zeros);
    return write_integer(out + zeros, d.digits);
  }
  out = write_integer(out, whole);
  *out++ = '.';
  write_padded(out, d.digits - whole * kPowers[decimals], decimals);
  return out + decimals;
}

// A double that is no integer, as mantissa / 2^shift.
struct Fraction {
  uint64_t mantissa;
  uint32_t shift;

  explicit Fraction(double magnitude) {
    const auto bits = std::bit_cast<uint64_t>(magnitude);
    mantissa = (bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
    shift = static_cast<uint32_t>(1075 - (bits >> 52));
  }
  uint64_t whole() const { return shift < 64 ? mantissa >> shift : 0; }

  // So many units of 10^-decimals as make the double, or 0. A decimal of up to 15 digits is the only one of its double:
  // the first that is found is the shortest, but for zeros at its end.
  uint64_t units(uint32_t decimals) const {
    if (shift >= 64) return 0;
    const uint64_t power = kPowers[decimals], half = uint64_t{1} << (shift - 1);
    const uint128 exact = uint128{mantissa} * power;
    const uint128 nearest = (exact + half) >> shift;
    if (nearest >= 1'000'000'000'000'000) return 0;
    const auto out = static_cast<uint64_t>(nearest);
    // It is this double's when it is less than half of the way to the next one. (Powers of two, whose next one below is
    // nearer, either have these decimals exactly or are far from them.)
    const auto distance = static_cast<int64_t>(static_cast<uint64_t>(exact) - (out << shift));
    return 2 * static_cast<uint64_t>(distance < 0 ? -distance : distance) < power ? out : 0;
  }
};

constexpr uint32_t kFewDecimals = 6;

// Values with few decimals, which most are; null when it is none. The habit says how many the ones before had.
char* write_few_decimals(char* out, Fraction value, NumberHabit& habit) {
  constexpr uint32_t kPatience = 8, kOnceInAWhile = 16;
  if (habit.misses >= kPatience && habit.misses % kOnceInAWhile != 0) return ++habit.misses, nullptr;
  uint32_t decimals = habit.decimals;
  uint64_t units = value.units(decimals);
  if (units == 0) units = value.units(decimals = kFewDecimals);
  if (units == 0) return ++habit.misses, nullptr;
  const uint64_t whole = value.whole();
  auto fraction = static_cast<uint32_t>(units - whole * kPowers[decimals]);  // Not 0: it is no integer.
  for (; decimals > 1 && fraction % 10 == 0; fraction /= 10) --decimals;
  habit.misses = 0;
  habit.decimals = std::max(decimals, habit.decimals);
  out = write_integer(out, whole);
  *out++ = '.';
  write_padded(out, fraction, decimals);
  return out + decimals;
}

char* write_fixed(char* out, double value, NumberHabit& habit) {
  constexpr double kEveryInteger = 9007199254740992;  // 2^53: shortest digits and zeros say less above.
  if (std::signbit(value)) *out++ = '-';
  const double magnitude = std::fabs(value);
  if (magnitude >= kEveryInteger) return write_decimal(out, shortest_decimal(magnitude), 0);
  const auto whole = static_cast<uint64_t>(magnitude);
  if (static_cast<double>(whole) == magnitude) return write_integer(out, whole);
  if (char* end = write_few_decimals(out, Fraction(magnitude), habit); end != nullptr) return end;
  return write_decimal(out, shortest_decimal(magnitude), whole);
}

char* write_special(char* out, double value) {
  return write_text(out, std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

}  // namespace

char* write_value(char* out, double value, NumberHabit& habit) {
  double magnitude = std::fabs(value);
  if (magnitude >= 1e-6 && magnitude < 1e21) [[likely]]
    return write_fixed(out, value, habit);
  if (!std::isfinite(value)) return write_special(out, value);
  if (magnitude == 0) return write_fixed(out, value, habit);
  return std::to_chars(out, out + kMaxNumberText, value, std::chars_format::scientific).ptr;
}

char* write_value(char* out, double value) {
  NumberHabit none;
  return write_value(out, value, none);
}

char* write_scalar(char* out, double value) {
  NumberHabit none;
  return std::isfinite(value) ? write_fixed(out, value, none) : write_special(out, value);
}

char* write_timestamp(char* out, int64_t time_ms) {
  uint64_t rest = static_cast<uint64_t>(time_ms);
  if (time_ms < 0) {
    *out++ = '-';
    rest = 0 - rest;
  }
  out = write_integer(out, rest / 1000);
  if (auto fraction = static_cast<unsigned>(rest % 1000); fraction != 0) {
    *out++ = '.';
    *out++ = static_cast<char>('0' + fraction / 100);
    *out++ = static_cast<char>('0' + fraction / 10 % 10);
    *out++ = static_cast<char>('0' + fraction % 10);
  }
  return out;
}

}  // namespace nightlight::prometheus_api
