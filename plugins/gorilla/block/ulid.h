// The name of a block: 128 bits that sort by creation time, written as 26 characters of Crockford's base 32.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_ULID_H_
#define NIGHTLIGHT_GORILLA_BLOCK_ULID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nightlight::gorilla {

struct Ulid {
  std::array<uint8_t, 16> bytes{};

  // A new one: 48 bits of time, 80 random bits.
  static Ulid make(int64_t now_ms);
  // With the given entropy, for reproducible tests.
  static Ulid make(int64_t now_ms, uint64_t entropy);
  // kInvalidArgument when `text` is not 26 characters of the alphabet.
  static Result<Ulid> parse(std::string_view text);
  std::string to_string() const;
  int64_t time_ms() const;

  auto operator<=>(const Ulid&) const = default;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_ULID_H_
