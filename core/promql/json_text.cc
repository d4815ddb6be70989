#include "promql/json_text.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "base/parse.h"
#include "promql/go_text.h"

namespace nightlight::promql {

std::string json_string(std::string_view value) {
  std::string out = "\"";
  char buffer[8];
  while (!value.empty()) {
    auto [rune, size] = decode_rune(value);
    bool damaged = rune == kRuneError && size == 1;
    if (rune == '"' || rune == '\\') {
      out.append("\\").append(value.substr(0, 1));
    } else if (rune == '\n' || rune == '\r' || rune == '\t' || rune == '\b' || rune == '\f') {
      out.append("\\") += rune == '\n' ? 'n' : rune == '\r' ? 'r' : rune == '\t' ? 't' : rune == '\b' ? 'b' : 'f';
    } else if (rune < ' ' || rune == '<' || rune == '>' || rune == '&' || rune == 0x2028 || rune == 0x2029 || damaged) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", rune);
      out += buffer;
    } else {
      out += value.substr(0, size);
    }
    value.remove_prefix(size);
  }
  return out + "\"";
}

std::string json_number(double value) { return std::isfinite(value) ? format_double(value) : "null"; }

}  // namespace nightlight::promql
