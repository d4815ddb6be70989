#include "promql_std/go_float.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace nightlight::promql_std {

std::optional<double> parse_go_float(std::string_view text) {
  bool signed_text = !text.empty() && (text[0] == '+' || text[0] == '-');
  bool negative = signed_text && text[0] == '-';
  std::string_view digits = text.substr(signed_text ? 1 : 0);
  std::string lower;
  for (char c : digits) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    if (signed_text) return std::nullopt;
    return std::numeric_limits<double>::quiet_NaN();
  } else {
    bool hex = lower.substr(0, 2) == "0x";
    if (hex && lower.find('p') == std::string::npos) return std::nullopt;
    const char *begin = lower.data() + (hex ? 2 : 0), *end = lower.data() + lower.size();
    if (begin == end || *begin == '-' || *begin == 'i' || *begin == 'n') return std::nullopt;
    auto [at, error] = std::from_chars(begin, end, value, hex ? std::chars_format::hex : std::chars_format::general);
    if (at != end || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      value = std::strtod(lower.c_str(), nullptr);
      if (std::isinf(value)) return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace nightlight::promql_std
