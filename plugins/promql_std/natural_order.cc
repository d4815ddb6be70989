#include "promql_std/natural_order.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace nightlight::promql_std {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Cuts the longest run of digits, or of anything else, off the front.
std::string_view take_chunk(std::string_view& text) {
  size_t size = 1;
  while (size < text.size() && is_digit(text[size]) == is_digit(text[0])) ++size;
  std::string_view chunk = text.substr(0, size);
  text.remove_prefix(size);
  return chunk;
}

// Numbers that an int64 does not hold stay text.
std::optional<int64_t> number(std::string_view chunk) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(chunk.data(), chunk.data() + chunk.size(), value);
  if (!is_digit(chunk[0]) || error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    std::string_view x = take_chunk(a), y = take_chunk(b);
    auto m = number(x), n = number(y);
    if (m && n) {
      if (*m != *n) return *m < *n;
    } else if (x != y) {
      return x < y;
    }
  }
  return a.empty() && !b.empty();
}

}  // namespace nightlight::promql_std
