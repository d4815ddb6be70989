#include "promql/go_text.h"

#include <re2/re2.h>

#include <bit>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <limits>

namespace nightlight::promql {
namespace {

constexpr uint64_t kNormalNaNBits = 0x7ff8000000000001;  // The NaN that Prometheus makes.

bool in_class(uint32_t rune, const re2::RE2& one_rune) {
  std::string text;
  append_rune(text, rune);
  return re2::RE2::FullMatch(text, one_rune);
}

std::string hex(const char* format, uint32_t value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

// One rune inside quotes, as strconv writes it.
void append_escaped(std::string& out, uint32_t rune, char quote_char) {
  static constexpr std::string_view kLetters = "abtnvfr";  // \a is 7, \b 8, \t 9, \n 10, \v 11, \f 12, \r 13
  if (rune == static_cast<unsigned char>(quote_char) || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
  } else if (is_printable(rune)) {
    append_rune(out, rune);
  } else if (rune >= 7 && rune <= 13) {
    out += '\\';
    out += kLetters[rune - 7];
  } else if (rune < ' ' || rune == 0x7f) {
    out += hex("\\x%02x", rune);
  } else {
    out += rune < 0x10000 ? hex("\\u%04x", rune) : hex("\\U%08x", rune);
  }
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// Go's rule: underscores stand between digits, or between a base prefix and a digit.
bool underscores_ok(std::string_view text) {
  char before = '^';
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    before = '0';
    text.remove_prefix(2);
  }
  bool hexadecimal = before == '0';
  for (char c : text) {
    if (c == '_') {
      if (before != '0') return false;
      before = '_';
    } else if (std::isdigit(static_cast<unsigned char>(c)) || (hexadecimal && digit_value(c) < 16)) {
      before = '0';
    } else {
      if (before == '_') return false;
      before = '!';
    }
  }
  return before != '_';
}

// strconv.ParseInt with base 0; false when it would fail.
bool parse_integer(std::string_view text, double* out) {
  int base = 10;
  if (text.size() >= 2 && text[0] == '0') {
    base = text[1] == 'x' || text[1] == 'X' ? 16 : 8;
    text.remove_prefix(base == 16 ? 2 : 1);
  }
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  *out = static_cast<double>(value);
  return true;
}

Error number_error(std::string_view text, const char* why) {
  return Error{Code::kInvalidArgument, "error parsing number: strconv.ParseFloat: parsing " + quote(text) + ": " + why};
}

}  // namespace

Rune decode_rune(std::string_view text) {
  auto byte = [&text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto more = [&byte](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first >= 0xc2 && first < 0xe0 && more(1)) return {(first & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (first >= 0xe0 && first < 0xf0 && more(1) && more(2)) {
    uint32_t rune = (first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    if (rune >= 0x800 && (rune < 0xd800 || rune > 0xdfff)) return {rune, 3};
  }
  if (first >= 0xf0 && first < 0xf5 && more(1) && more(2) && more(3)) {
    uint32_t rune = (first & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
    if (rune >= 0x10000 && rune <= 0x10ffff) return {rune, 4};
  }
  return {kRuneError, 1};
}

void append_rune(std::string& out, uint32_t rune) {
  auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
  if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) rune = kRuneError;
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) {
    put(0xc0 | rune >> 6);
  } else {
    if (rune < 0x10000) {
      put(0xe0 | rune >> 12);
    } else {
      put(0xf0 | rune >> 18);
      put(0x80 | (rune >> 12 & 0x3f));
    }
    put(0x80 | (rune >> 6 & 0x3f));
  }
  put(0x80 | (rune & 0x3f));
}

bool is_letter(uint32_t rune) {
  if (rune < 0x80) return std::isalpha(static_cast<int>(rune)) != 0;
  static const re2::RE2 kLetter("\\pL");
  return in_class(rune, kLetter);
}

bool is_printable(uint32_t rune) {
  if (rune < 0x80) return rune >= ' ' && rune < 0x7f;
  static const re2::RE2 kPrintable("[\\pL\\pM\\pN\\pP\\pS]");
  return in_class(rune, kPrintable);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    auto [rune, size] = decode_rune(text);
    if (rune == kRuneError && size == 1) {
      out += hex("\\x%02x", static_cast<unsigned char>(text[0]));
    } else {
      append_escaped(out, rune, '"');
    }
    text.remove_prefix(size);
  }
  return out += '"';
}

std::string quote_rune(uint32_t rune) {
  std::string out = "'";
  append_escaped(out, rune > 0x10ffff ? kRuneError : rune, '\'');
  return out += '\'';
}

std::string unicode_name(uint32_t rune) {
  std::string out = hex("U+%04X", rune);
  if (!is_printable(rune)) return out;
  out += " '";
  append_rune(out, rune);
  return out += '\'';
}

std::string unquote(std::string_view literal) {
  char quote_char = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  if (quote_char == '`') return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    if (rest[0] != '\\') {
      out += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    char kind = rest[1];
    rest.remove_prefix(2);
    static constexpr std::string_view kLetters = "abtnvfr";
    if (size_t letter = kLetters.find(kind); letter != std::string_view::npos) {
      out += static_cast<char>(letter + 7);
      continue;
    }
    size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
    bool octal = kind >= '0' && kind <= '7';
    if (!octal && digits == 3) {
      out += kind;  // A quote or a backslash.
      continue;
    }
    uint32_t value = octal ? static_cast<uint32_t>(kind - '0') : 0;
    size_t left = octal ? 2 : digits;
    for (size_t i = 0; i < left; ++i) value = value * (octal ? 8 : 16) + static_cast<uint32_t>(digit_value(rest[i]));
    rest.remove_prefix(left);
    if (octal || kind == 'x') {
      out += static_cast<char>(value);
    } else {
      append_rune(out, value);
    }
  }
  return out;
}

Result<double> parse_number(std::string_view text) {
  if (text.size() == 3 && std::isalpha(static_cast<unsigned char>(text[0]))) {  // The keywords inf and nan.
    bool infinite = (text[0] | 0x20) == 'i';
    return infinite ? std::numeric_limits<double>::infinity() : std::bit_cast<double>(kNormalNaNBits);
  }
  double value = 0;
  if (!underscores_ok(text)) return number_error(text, "invalid syntax");
  if (parse_integer(text, &value)) return value;
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return number_error(text, "invalid syntax");
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves the value alone: too large is an error, too small is zero.
    value = std::strtod(digits.c_str(), nullptr);
    if (value > 1) return number_error(text, "value out of range");
  }
  return value;
}

Result<double> parse_duration_seconds(std::string_view text) {
  static constexpr struct {
    std::string_view name;
    uint64_t size_ms;
  } kUnits[] = {{"y", 365ull * 86400000},
                {"w", 7ull * 86400000},
                {"d", 86400000},
                {"h", 3600000},
                {"m", 60000},
                {"s", 1000},
                {"ms", 1}};
  // Prometheus counts in nanoseconds of an int64.
  constexpr uint64_t kLargestMs = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / 1000000;
  Error invalid{Code::kInvalidArgument, "not a valid duration string: " + quote(text)};
  Error out_of_range{Code::kInvalidArgument, "duration out of range"};
  uint64_t total_ms = 0;
  size_t next_unit = 0;
  for (std::string_view rest = text; !rest.empty();) {
    uint64_t count = 0;
    auto [digits_end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc()) return invalid;
    rest.remove_prefix(static_cast<size_t>(digits_end - rest.data()));
    size_t letters = 0;
    while (letters < rest.size() && !std::isdigit(static_cast<unsigned char>(rest[letters]))) ++letters;
    if (letters == 0) return invalid;
    size_t unit = 0;
    while (unit < std::size(kUnits) && kUnits[unit].name != rest.substr(0, letters)) ++unit;
    if (unit == std::size(kUnits)) {
      return Error{Code::kInvalidArgument,
                   "unknown unit " + quote(rest.substr(0, letters)) + " in duration " + quote(text)};
    }
    if (unit < next_unit) return invalid;
    next_unit = unit + 1;
    if (count > kLargestMs / kUnits[unit].size_ms) return out_of_range;
    total_ms += count * kUnits[unit].size_ms;
    if (total_ms > kLargestMs) return out_of_range;
    rest.remove_prefix(letters);
  }
  // As Go adds seconds and nanoseconds.
  return static_cast<double>(total_ms / 1000) + static_cast<double>(total_ms % 1000 * 1000000) / 1e9;
}

}  // namespace nightlight::promql
