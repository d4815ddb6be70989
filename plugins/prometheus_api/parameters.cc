#include "prometheus_api/parameters.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

#include "base/parse.h"
#include "model/labels.h"

namespace nightlight::prometheus_api {
namespace {

constexpr double kFirstMilliseconds = 1e11;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr int64_t kMsPerSecond = 1000, kNsPerMs = 1'000'000, kNsPerSecond = 1'000'000'000;
constexpr std::string_view kMinTimeText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxTimeText = "292277025-08-18T07:12:54.999999999Z";

Error invalid(std::string message) { return Error{Code::kInvalidArgument, std::move(message)}; }

// Reads exactly `digits` digits.
bool take_number(std::string_view& text, size_t digits, int& out) {
  if (text.size() < digits) return false;
  out = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Days since 1970-01-01 in the proleptic Gregorian calendar.
int64_t days_from_civil(int year, int month, int day) {
  int64_t y = year - (month <= 2 ? 1 : 0);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::optional<int64_t> take_fraction_ns(std::string_view& text) {
  if (text.empty() || (text.front() != '.' && text.front() != ',')) return 0;
  text.remove_prefix(1);
  int64_t ns = 0, scale = kNsPerSecond / 10;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, scale /= 10) {
    ns += (text[digits] - '0') * scale;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return ns;
}

std::optional<int64_t> take_zone_seconds(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  bool west = take(text, '-');
  int hours, minutes;
  if (!west && !take(text, '+')) return std::nullopt;
  if (!take_number(text, 2, hours) || !take(text, ':') || !take_number(text, 2, minutes)) return std::nullopt;
  if (hours > 24 || minutes > 60) return std::nullopt;
  int64_t seconds = (hours * 60 + minutes) * 60;
  return west ? -seconds : seconds;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  int year, month, day, hour, minute, second;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
      !take_number(text, 2, day) || !take(text, 'T') || !take_number(text, 2, hour) || !take(text, ':') ||
      !take_number(text, 2, minute) || !take(text, ':') || !take_number(text, 2, second)) {
    return std::nullopt;
  }
  auto fraction_ns = take_fraction_ns(text);
  auto zone = take_zone_seconds(text);
  bool in_range = month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month) && hour < 24 &&
                  minute < 60 && second < 60;
  if (!fraction_ns || !zone || !text.empty() || !in_range) return std::nullopt;
  int64_t seconds = days_from_civil(year, month, day) * 86400 + (hour * 60 + minute) * 60 + second - *zone;
  return Instant{seconds * kMsPerSecond + *fraction_ns / kNsPerMs, static_cast<int32_t>(*fraction_ns % kNsPerMs)};
}

std::optional<Instant> from_seconds(double time) {
  if (std::isnan(time)) return std::nullopt;
  if (std::fabs(time) >= kFirstMilliseconds) {
    if (!(std::fabs(time) < kTwo63)) return std::nullopt;
    return Instant{static_cast<int64_t>(time), 0, true};
  }
  double seconds;
  double fraction = std::modf(time, &seconds);
  fraction = std::round(fraction * 1000) / 1000;
  auto ns = static_cast<int64_t>(fraction * 1e9);
  int64_t ms = ns / kNsPerMs;
  int64_t rest = ns % kNsPerMs;
  if (rest < 0) {
    rest += kNsPerMs;
    --ms;
  }
  return Instant{static_cast<int64_t>(seconds) * kMsPerSecond + ms, static_cast<int32_t>(rest)};
}

// Underscores may stand between digits, and after 0x.
std::optional<std::string> without_separators(std::string_view text) {
  auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') || (c | 0x20) == 'x';
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return out;
}

bool is_word(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower_case[i]) return false;
  }
  return true;
}

}  // namespace

int64_t nanoseconds_between(const Instant& a, const Instant& b) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max(), kMin = std::numeric_limits<int64_t>::min();
  int64_t ms, ns;
  bool later = !(b < a);
  if (__builtin_sub_overflow(b.ms, a.ms, &ms) || __builtin_mul_overflow(ms, kNsPerMs, &ns) ||
      __builtin_add_overflow(ns, static_cast<int64_t>(b.ns) - a.ns, &ns)) {
    return later ? kMax : kMin;
  }
  return ns;
}

std::optional<double> parse_float(std::string_view text) {
  if (text.find('_') != std::string_view::npos) {
    auto plain = without_separators(text);
    return plain ? parse_float(*plain) : std::nullopt;
  }
  std::string_view rest = text;
  bool negative = take(rest, '-');
  if (!negative) take(rest, '+');
  if (is_word(rest, "inf") || is_word(rest, "infinity")) {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (is_word(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (rest.empty() || !(rest[0] == '.' || (rest[0] >= '0' && rest[0] <= '9'))) return std::nullopt;
  auto format = std::chars_format::general;
  if (rest.size() > 2 && rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X')) {
    if (rest.find_first_of("pP") == std::string_view::npos) return std::nullopt;  // Go wants an exponent.
    rest.remove_prefix(2);
    format = std::chars_format::hex;
  }
  double value;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, format);
  if (error == std::errc::result_out_of_range) {
    // Too small reads as zero; too large is an error.
    size_t exponent = rest.find_first_of("eEpP");
    if (exponent == std::string_view::npos || exponent + 1 >= rest.size() || rest[exponent + 1] != '-')
      return std::nullopt;
    value = 0;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  if (end != rest.data() + rest.size()) return std::nullopt;
  return negative ? -value : value;
}

Result<int64_t> parse_int(std::string_view text) {
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '+') {
    rest.remove_prefix(1);
    if (!rest.empty() && rest.front() == '-') rest = {};
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  std::string what = "strconv.Atoi: parsing " + quote(text) + ": ";
  if (error == std::errc::result_out_of_range && end == rest.data() + rest.size())
    return invalid(what + "value out of range");
  if (error != std::errc() || end != rest.data() + rest.size()) return invalid(what + "invalid syntax");
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Result<Instant> parse_time(std::string_view text) {
  if (auto number = parse_float(text)) {
    if (auto instant = from_seconds(*number)) return *instant;
  } else if (auto instant = parse_rfc3339(text)) {
    return *instant;
  } else if (text == kMinTimeText) {
    return Instant{kMinTimeMs};
  } else if (text == kMaxTimeText) {
    return Instant{kMaxTimeMs, 999'999};
  }
  return invalid("cannot parse " + quote(text) + " to a valid timestamp");
}

Result<int64_t> parse_duration_ns(std::string_view text, bool milliseconds) {
  std::string failure = "cannot parse " + quote(text) + " to a valid duration";
  if (auto number = parse_float(text)) {
    double ns = *number * static_cast<double>(milliseconds ? kNsPerMs : kNsPerSecond);
    if (!(ns < kTwo63 && ns >= -kTwo63)) return invalid(failure + ". It overflows int64");
    return static_cast<int64_t>(ns);
  }
  auto ms = parse_duration_ms(text);
  int64_t ns;
  if (!ms.ok() || __builtin_mul_overflow(*ms, kNsPerMs, &ns)) return invalid(std::move(failure));
  return ns;
}

std::string format_go_duration(int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  std::string sign = duration_ns < 0 ? "-" : "";
  uint64_t ns = duration_ns < 0 ? 0 - static_cast<uint64_t>(duration_ns) : static_cast<uint64_t>(duration_ns);
  auto decimal = [](uint64_t value, uint64_t unit) {
    std::string text = std::to_string(value / unit);
    std::string fraction = std::to_string(unit + value % unit).substr(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return fraction.empty() ? text : text + "." + fraction;
  };
  if (ns < 1000) return sign + std::to_string(ns) + "ns";
  if (ns < 1'000'000) return sign + decimal(ns, 1000) + "\u00b5s";
  if (ns < 1'000'000'000) return sign + decimal(ns, 1'000'000) + "ms";
  constexpr uint64_t kMinute = 60ull * 1'000'000'000, kHour = 60 * kMinute;
  std::string out = sign;
  if (ns >= kHour) out += std::to_string(ns / kHour) + "h";
  if (ns >= kMinute) out += std::to_string(ns % kHour / kMinute) + "m";
  return out + decimal(ns % kMinute, 1'000'000'000) + "s";
}

std::string format_rfc3339(int64_t time_ms) {
  time_t seconds = static_cast<time_t>(time_ms / 1000);
  int64_t fraction = time_ms % 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  if (fraction != 0) {
    std::string digits = std::to_string(1000 + fraction).substr(1);
    while (digits.back() == '0') digits.pop_back();
    out += "." + digits;
  }
  return out + "Z";
}

Error invalid_parameter(std::string_view name, std::string_view detail) {
  return invalid("invalid parameter " + quote(name) + ": " + std::string(detail));
}

Result<Instant> time_parameter(const Form& form, std::string_view name, int64_t default_ms) {
  std::string_view text = form.first(name);
  if (text.empty()) return Instant{default_ms};
  auto time = parse_time(text);
  if (time.ok()) return time;
  return invalid_parameter(name, "invalid time value for '" + std::string(name) + "': " + time.error().message);
}

Result<uint64_t> limit_parameter(const Form& form) {
  std::string_view text = form.first("limit");
  if (text.empty()) return uint64_t{0};
  auto limit = parse_int(text);
  if (!limit.ok()) return invalid_parameter("limit", limit.error().message);
  if (*limit < 0) return invalid_parameter("limit", "limit must be non-negative");
  return static_cast<uint64_t>(*limit);
}

}  // namespace nightlight::prometheus_api
