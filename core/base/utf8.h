// UTF-8 as Prometheus checks it.
#ifndef NIGHTLIGHT_BASE_UTF8_H_
#define NIGHTLIGHT_BASE_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace nightlight {

// One character of UTF-8.
struct Rune {
  uint32_t code_point;
  uint32_t size_bytes;  // 0 when the bytes are no valid character (overlong forms and surrogates are not).
};

// The first character of a text that is not empty.
Rune first_rune(std::string_view text);

bool is_utf8(std::string_view text);

// The text with U+FFFD for every byte that belongs to no character, as Prometheus' JSON has it.
std::string as_utf8(std::string_view text);

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_UTF8_H_
