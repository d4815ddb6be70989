#include "base/utf8.h"

#include <cstring>

namespace nightlight {
namespace {

constexpr Rune kInvalid{0, 0};

}  // namespace

Rune first_rune(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  uint32_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return kInvalid;
  uint32_t code = lead & (0x7fu >> size);
  for (uint32_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return kInvalid;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kSmallest[size] || code > 0x10ffff || surrogate) return kInvalid;
  return {code, size};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    uint64_t eight;
    if (text.size() >= sizeof eight) {
      std::memcpy(&eight, text.data(), sizeof eight);
      if ((eight & 0x8080808080808080ull) == 0) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    Rune rune = first_rune(text);
    if (rune.size_bytes == 0) return false;
    text.remove_prefix(rune.size_bytes);
  }
  return true;
}

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    Rune rune = first_rune(text);
    if (rune.size_bytes == 0) {
      out += "\xef\xbf\xbd";
      rune.size_bytes = 1;
    } else {
      out += text.substr(0, rune.size_bytes);
    }
    text.remove_prefix(rune.size_bytes);
  }
  return out;
}

}  // namespace nightlight
