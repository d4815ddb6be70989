#include "base/parse.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace nightlight {
namespace {

struct Unit {
  std::string_view name;
  int64_t size_ms;
};

constexpr int64_t kDayMs = 24LL * 3600 * 1000;
constexpr Unit kDurationUnits[] = {{"y", 365 * kDayMs}, {"w", 7 * kDayMs}, {"d", kDayMs}, {"h", 3600 * 1000},
                                   {"m", 60 * 1000},    {"s", 1000},       {"ms", 1}};

Error not_a_duration(std::string_view text) {
  return Error{Code::kInvalidArgument, "not a valid duration string: \"" + std::string(text) + "\""};
}

std::string_view special_name(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

std::string with_exponent(double value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return std::string(buffer, end);
}

// The shortest digits, filled up with zeros: to_chars in fixed format would write all digits of large numbers.
std::string without_exponent(double value) {
  std::string text = with_exponent(std::fabs(value));
  size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  std::string digits = text.substr(0, 1) + (e > 2 ? text.substr(2, e - 2) : "");
  int point = exponent + 1;  // How many digits stand before it.
  auto count = static_cast<int>(digits.size());
  if (point <= 0) {
    digits.insert(0, "0." + std::string(static_cast<size_t>(-point), '0'));
  } else if (point < count) {
    digits.insert(static_cast<size_t>(point), 1, '.');
  } else {
    digits.append(static_cast<size_t>(point - count), '0');
  }
  return std::signbit(value) ? "-" + digits : digits;
}

}  // namespace

Result<int64_t> parse_duration_ms(std::string_view text, bool negative) {
  std::string_view rest = text;
  bool minus = negative && !rest.empty() && rest.front() == '-';
  if (minus) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return Error{Code::kInvalidArgument, "empty duration string"};
  int64_t total = 0;
  size_t next_unit = 0;
  while (!rest.empty()) {
    uint64_t count = 0;
    auto [digits_end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error == std::errc::result_out_of_range) return Error{Code::kInvalidArgument, "duration out of range"};
    if (error != std::errc()) return not_a_duration(text);
    rest.remove_prefix(static_cast<size_t>(digits_end - rest.data()));
    size_t letters = 0;
    while (letters < rest.size() && (rest[letters] < '0' || rest[letters] > '9')) ++letters;
    size_t unit = next_unit;
    while (unit < std::size(kDurationUnits) && kDurationUnits[unit].name != rest.substr(0, letters)) ++unit;
    if (unit == std::size(kDurationUnits)) return not_a_duration(text);
    int64_t part;
    if (count > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ||
        __builtin_mul_overflow(static_cast<int64_t>(count), kDurationUnits[unit].size_ms, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return Error{Code::kInvalidArgument, "duration out of range"};
    }
    rest.remove_prefix(letters);
    next_unit = unit + 1;
  }
  return minus ? -total : total;
}

std::string format_duration_ms(int64_t duration_ms) {
  if (duration_ms == 0) return "0s";
  std::string out = duration_ms < 0 ? "-" : "";
  uint64_t rest = duration_ms < 0 ? 0 - static_cast<uint64_t>(duration_ms) : static_cast<uint64_t>(duration_ms);
  // As Prometheus prints them: years and weeks only when what is left is a whole number of them.
  constexpr size_t kExactUnits = 2;
  for (size_t i = 0; i < std::size(kDurationUnits); ++i) {
    auto [name, size_ms] = kDurationUnits[i];
    auto size = static_cast<uint64_t>(size_ms);
    if (i < kExactUnits && rest % size != 0) continue;
    if (uint64_t count = rest / size; count > 0) {
      out += std::to_string(count);
      out += name;
      rest -= count * size;
    }
  }
  return out;
}

Result<uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {{"", 1},
                                                                     {"B", 1},
                                                                     {"KB", 1000},
                                                                     {"MB", 1000'000},
                                                                     {"GB", 1000'000'000},
                                                                     {"TB", 1000'000'000'000},
                                                                     {"KiB", 1ull << 10},
                                                                     {"MiB", 1ull << 20},
                                                                     {"GiB", 1ull << 30},
                                                                     {"TiB", 1ull << 40}};
  Error bad{Code::kInvalidArgument, "not a size: \"" + std::string(text) +
                                        "\" (write an integer with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB)"};
  uint64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return bad;
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (auto [name, size] : kUnits) {
    if (unit != name) continue;
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return bad;
    return bytes;
  }
  return bad;
}

std::string format_bytes(uint64_t size_bytes) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}};
  for (auto [name, size] : kUnits) {
    if (size_bytes < size) continue;
    uint64_t tenths = (size_bytes / size) * 10 + (size_bytes % size) * 10 / size;
    std::string out = std::to_string(tenths / 10);
    if (tenths % 10 != 0) out += "." + std::to_string(tenths % 10);
    return out.append(name);
  }
  return std::to_string(size_bytes) + "B";
}

std::string format_double_plain(double value) {
  if (!std::isfinite(value)) return std::string(special_name(value));
  return without_exponent(value);
}

std::string format_double(double value) {
  if (!std::isfinite(value)) return std::string(special_name(value));
  double magnitude = std::fabs(value);
  bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  return exponent ? with_exponent(value) : without_exponent(value);
}

std::string format_double_g(double value) {
  if (!std::isfinite(value)) return std::string(special_name(value));
  double magnitude = std::fabs(value);
  bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  return exponent ? with_exponent(value) : without_exponent(value);
}

}  // namespace nightlight
