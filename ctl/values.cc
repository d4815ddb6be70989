#include "ctl/values.h"

#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>
#include <utility>

namespace nightlight::ctl {
namespace {

constexpr std::array<std::pair<std::string_view, int64_t>, 7> kUnits = {{{"ms", 1},
                                                                         {"y", 365LL * 86'400'000},
                                                                         {"w", 7LL * 86'400'000},
                                                                         {"d", 86'400'000},
                                                                         {"h", 3'600'000},
                                                                         {"m", 60'000},
                                                                         {"s", 1000}}};
constexpr double kMostSeconds = 9e15;
constexpr double kExactIntegers = 9007199254740992.0;

// "-1.25e+20" without its exponent, which is no smaller than the count of digits.
std::string without_exponent(std::string_view text) {
  size_t e = text.find('e');
  std::string out;
  size_t digits = 0;
  for (char c : text.substr(0, e)) {
    if (c != '.') out += c;
    if (c >= '0' && c <= '9') ++digits;
  }
  size_t exponent = 0;
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  return out.append(exponent + 1 - digits, '0');
}

std::optional<double> parse_number(std::string_view text) {
  double out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

std::optional<int64_t> seconds_to_ms(double seconds) {
  if (!(std::fabs(seconds) < kMostSeconds / 1000)) return std::nullopt;
  return static_cast<int64_t>(std::llround(seconds * 1000));
}

// "2026-01-02T03:04:05[.678](Z|+01:00)"
std::optional<int64_t> parse_rfc3339_ms(const std::string& text) {
  std::tm parts{};
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6) {
    return std::nullopt;
  }
  auto at = static_cast<size_t>(used);
  double fraction = 0;
  if (at < text.size() && text[at] == '.') {
    size_t begin = at++;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    std::optional<double> parsed = parse_number("0" + text.substr(begin, at - begin));
    if (!parsed || at == begin + 1) return std::nullopt;
    fraction = *parsed;
  }
  int64_t zone_s = 0;
  std::string zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    int hours = 0, minutes = 0, end = 0;
    char sign = 0;
    if (std::sscanf(zone.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 ||
        static_cast<size_t>(end) != zone.size() || (sign != '+' && sign != '-')) {
      return std::nullopt;
    }
    zone_s = (hours * 3600 + minutes * 60) * (sign == '+' ? 1 : -1);
  }
  namespace chrono = std::chrono;
  chrono::year_month_day day{chrono::year(parts.tm_year), chrono::month(static_cast<unsigned>(parts.tm_mon)),
                             chrono::day(static_cast<unsigned>(parts.tm_mday))};
  if (!day.ok() || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60) return std::nullopt;
  int64_t seconds = chrono::sys_days(day).time_since_epoch().count() * int64_t{86'400} + parts.tm_hour * 3600 +
                    parts.tm_min * 60 + parts.tm_sec - zone_s;
  return seconds * 1000 + std::llround(fraction * 1000);
}

}  // namespace

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  if (std::optional<double> number = parse_number(text)) return seconds_to_ms(*number);
  int64_t out = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    int64_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    bool found = false;
    for (const auto& [unit, ms] : kUnits) {
      if (!text.starts_with(unit)) continue;
      int64_t part = 0;
      if (__builtin_mul_overflow(count, ms, &part) || __builtin_add_overflow(out, part, &out)) return std::nullopt;
      text.remove_prefix(unit.size());
      found = true;
      break;
    }
    if (!found) return std::nullopt;
  }
  return out;
}

std::optional<int64_t> parse_time_ms(std::string_view text, int64_t now) {
  if (text.starts_with("now")) {
    text.remove_prefix(3);
    if (text.empty()) return now;
    if (text[0] != '-' && text[0] != '+') return std::nullopt;
    std::optional<int64_t> distance = parse_duration_ms(text.substr(1));
    if (!distance || *distance < 0) return std::nullopt;
    return text[0] == '-' ? now - *distance : now + *distance;
  }
  if (std::optional<double> number = parse_number(text)) return seconds_to_ms(*number);
  return parse_rfc3339_ms(std::string(text));
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  double size = std::fabs(value);
  bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  char text[400];
  // Fixed notation has all digits of a large number; the shortest ones with zeros behind them read back the same.
  bool pad = !exponent && size >= kExactIntegers;
  auto [end, error] = std::to_chars(text, text + sizeof text, value,
                                    exponent || pad ? std::chars_format::scientific : std::chars_format::fixed);
  if (error != std::errc()) return std::string();
  return pad ? without_exponent({text, static_cast<size_t>(end - text)}) : std::string(text, end);
}

std::optional<double> parse_value(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) return std::nullopt;
  }
  // from_chars knows "nan", "inf" and "infinity" in any case, and more that is none of Go's.
  if (text.find('(') != std::string_view::npos) return std::nullopt;
  double out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error != std::errc()) return std::nullopt;
  return negative ? -out : out;
}

std::string format_time(int64_t time_ms) {
  namespace chrono = std::chrono;
  chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(time_ms)};
  auto days = chrono::floor<chrono::days>(time);
  chrono::year_month_day day(days);
  chrono::hh_mm_ss clock(time - days);
  char text[64];
  int used = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(day.year()),
                           static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()));
  std::string out(text, static_cast<size_t>(used));
  if (auto ms = clock.subseconds().count(); ms != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(ms));
    out += text;
  }
  return out + "Z";
}

std::string format_seconds(int64_t time_ms) {
  char text[48];
  auto size = static_cast<uint64_t>(time_ms < 0 ? -(time_ms + 1) : time_ms) + (time_ms < 0 ? 1 : 0);
  int used =
      std::snprintf(text, sizeof text, "%s%llu", time_ms < 0 ? "-" : "", static_cast<unsigned long long>(size / 1000));
  if (size % 1000 != 0) {
    used += std::snprintf(text + used, sizeof text - static_cast<size_t>(used), ".%03llu",
                          static_cast<unsigned long long>(size % 1000));
  }
  return std::string(text, static_cast<size_t>(used));
}

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace nightlight::ctl
