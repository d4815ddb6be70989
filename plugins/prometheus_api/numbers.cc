// Numbers in answers. Digits are the shortest that read back as the same double.
#include <charconv>
#include <cmath>
#include <cstring>

#include "prometheus_api/json_writer.h"

namespace nightlight::prometheus_api {
namespace {

// Below this, std::to_chars in fixed form gives the shortest digits; above, it would print every digit of the exact
// value.
constexpr double kFixedIsShortest = 9007199254740992.0;  // 2^53

char* write_text(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Large values: shortest digits, then zeros up to the decimal point.
char* write_large(char* out, double value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* at = text;
  if (*at == '-') *out++ = *at++;
  int exponent = 0;
  const char* e = end - 1;
  while (*e != 'e') --e;
  std::from_chars(e + 2, end, exponent);
  for (; at != e; ++at) {
    if (*at == '.') continue;
    *out++ = *at;
    --exponent;
  }
  // One digit stood before the point.
  for (++exponent; exponent > 0; --exponent) *out++ = '0';
  return out;
}

char* write_fixed(char* out, double value) {
  double magnitude = std::fabs(value);
  if (magnitude >= kFixedIsShortest) return write_large(out, value);
  auto whole = static_cast<int64_t>(value);
  if (static_cast<double>(whole) == value && (whole != 0 || !std::signbit(value))) {
    return std::to_chars(out, out + kMaxNumberText, whole).ptr;
  }
  return std::to_chars(out, out + kMaxNumberText, value, std::chars_format::fixed).ptr;
}

char* write_special(char* out, double value) {
  return write_text(out, std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

}  // namespace

char* write_value(char* out, double value) {
  double magnitude = std::fabs(value);
  if (magnitude >= 1e-6 && magnitude < 1e21) [[likely]]
    return write_fixed(out, value);
  if (!std::isfinite(value)) return write_special(out, value);
  if (magnitude == 0) return write_fixed(out, value);
  return std::to_chars(out, out + kMaxNumberText, value, std::chars_format::scientific).ptr;
}

char* write_scalar(char* out, double value) {
  return std::isfinite(value) ? write_fixed(out, value) : write_special(out, value);
}

char* write_timestamp(char* out, int64_t time_ms) {
  uint64_t rest = static_cast<uint64_t>(time_ms);
  if (time_ms < 0) {
    *out++ = '-';
    rest = 0 - rest;
  }
  out = std::to_chars(out, out + 20, rest / 1000).ptr;
  if (auto fraction = static_cast<unsigned>(rest % 1000); fraction != 0) {
    *out++ = '.';
    *out++ = static_cast<char>('0' + fraction / 100);
    *out++ = static_cast<char>('0' + fraction / 10 % 10);
    *out++ = static_cast<char>('0' + fraction % 10);
  }
  return out;
}

}  // namespace nightlight::prometheus_api
