#include "gorilla/block/ulid.h"

#include <random>

namespace nightlight::gorilla {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

Ulid Ulid::make(int64_t now_ms) {
  thread_local std::random_device device;
  Ulid out = make(now_ms, uint64_t{device()} << 32 | device());
  uint32_t more = device();
  out.bytes[14] = static_cast<uint8_t>(more);
  out.bytes[15] = static_cast<uint8_t>(more >> 8);
  return out;
}

Ulid Ulid::make(int64_t now_ms, uint64_t entropy) {
  Ulid out;
  for (size_t i = 0; i < 6; ++i) out.bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(now_ms) >> (40 - 8 * i));
  for (size_t i = 0; i < 8; ++i) out.bytes[6 + i] = static_cast<uint8_t>(entropy >> (56 - 8 * i));
  return out;
}

std::string Ulid::to_string() const {
  // 26 characters of 5 bits are 130: the first holds only 3.
  std::string out(26, '0');
  for (size_t i = 0; i < 26; ++i) {
    unsigned digit = 0;
    for (size_t bit = i * 5; bit < i * 5 + 5; ++bit)
      digit = digit << 1 | (bit < 2 ? 0u : (bytes[(bit - 2) / 8] >> (7 - (bit - 2) % 8)) & 1u);
    out[i] = kAlphabet[digit];
  }
  return out;
}

Result<Ulid> Ulid::parse(std::string_view text) {
  Error wrong{Code::kInvalidArgument, "not a ULID: \"" + std::string(text.substr(0, 64)) + "\""};
  if (text.size() != 26) return wrong;
  Ulid out;
  for (size_t i = 0; i < 26; ++i) {
    size_t digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos || (i == 0 && digit > 7)) return wrong;
    for (size_t k = 0; k < 5; ++k) {
      size_t bit = i * 5 + k;
      if (bit >= 2 && (digit >> (4 - k) & 1) != 0)
        out.bytes[(bit - 2) / 8] = static_cast<uint8_t>(out.bytes[(bit - 2) / 8] | 1u << (7 - (bit - 2) % 8));
    }
  }
  return out;
}

int64_t Ulid::time_ms() const {
  int64_t time = 0;
  for (size_t i = 0; i < 6; ++i) time = time << 8 | bytes[i];
  return time;
}

}  // namespace nightlight::gorilla
