// Text as Go reads and writes it: quoted strings, runes and number literals. Prometheus' grammar and error texts are
// Go's.
#ifndef NIGHTLIGHT_PROMQL_GO_TEXT_H_
#define NIGHTLIGHT_PROMQL_GO_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nightlight::promql {

inline constexpr uint32_t kRuneError = 0xfffd;

// The rune at the beginning of `text` (not empty) and its size in bytes; kRuneError and 1 for what is not UTF-8.
struct Rune {
  uint32_t value;
  size_t size_bytes;
};
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, uint32_t rune);
bool is_letter(uint32_t rune);     // Category L
bool is_printable(uint32_t rune);  // Categories L, M, N, P, S, and the blank

std::string quote(std::string_view text);  // strconv.Quote, %q of a string
std::string quote_rune(uint32_t rune);     // strconv.QuoteRune, %q of a rune
std::string unicode_name(uint32_t rune);   // %#U: U+0041 'A'

// The value of a string literal that the lexer has accepted.
std::string unquote(std::string_view literal);

// A number literal: an integer with base prefix (a leading 0 is octal) or a decimal float.
Result<double> parse_number(std::string_view text);
// A duration literal in seconds.
Result<double> parse_duration_seconds(std::string_view text);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_GO_TEXT_H_
