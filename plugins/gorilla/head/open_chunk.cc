#include "gorilla/head/open_chunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace nightlight::gorilla {
namespace {

constexpr uint32_t kMaxCount = 2048;
constexpr int kMaxExponent = 9;
constexpr double kPower10[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
constexpr int64_t kMaxInteger = int64_t{1} << 53;
constexpr uint32_t kLengthOf[] = {0, 1, 2, 4};

uint64_t zigzag(int64_t v) { return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63); }
int64_t unzigzag(uint64_t v) { return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1); }
uint32_t code_of(uint64_t z) { return z == 0 ? 0 : z < (1u << 8) ? 1 : z < (1u << 16) ? 2 : 3; }

// The integer of which the value is exactly the quotient by 10^exponent. IEEE division rounds correctly, so a decimal
// of up to 15 digits always comes back.
bool to_integer(uint64_t bits, int exponent, int64_t& out) {
  double scaled = std::bit_cast<double>(bits) * kPower10[exponent];
  if (!(std::fabs(scaled) < static_cast<double>(kMaxInteger))) return false;  // Also NaN.
  auto integer = static_cast<int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  if (std::bit_cast<uint64_t>(static_cast<double>(integer) / kPower10[exponent]) != bits) return false;
  out = integer;
  return true;
}

bool to_integer_from(uint64_t bits, int first_exponent, int& exponent, int64_t& out) {
  for (exponent = first_exponent; exponent <= kMaxExponent; ++exponent)
    if (to_integer(bits, exponent, out)) return true;
  return false;
}

// Moves the chunk to a buffer of the next class that has room for `bytes`. False at the largest.
bool grow(ChunkState& c, ChunkArena& arena, uint32_t bytes) {
  if (bytes > ChunkArena::kMaxBytes) return false;
  uint8_t size_class = ChunkArena::class_for(bytes);
  const uint32_t ref = arena.allocate(size_class);
  std::memcpy(arena.at(ref), arena.at(c.buffer), c.mode == ChunkMode::kXor ? (c.used + 7) / 8 : c.used);
  arena.free(c.buffer, c.size_class);
  c.buffer = ref;
  c.size_class = size_class;
  return true;
}

// ---- decimals
// -------------------------------------------------------------------------------------------------------------

// The first value in eight bytes, then groups of four differences, each behind a byte that has their lengths: a sample
// touches one place of the buffer, which is seldom in the cache, and only writes, so that nothing is waited for.
constexpr uint32_t kMostOfDifference = 1 + 4;

// Adds the difference of sample number `c.count`; the buffer has room for kMostOfDifference. `z` is below 2^32.
void put_difference(ChunkState& c, uint8_t* buffer, uint64_t z) {
  const uint32_t code = code_of(z), place = (c.count - 1u) % 4;
  if (place == 0) {
    c.open_at = static_cast<uint16_t>(c.used++);
    c.open_byte = 0;
  }
  auto little = static_cast<uint32_t>(z);
  std::memcpy(buffer + c.used, &little, sizeof little);
  c.used += kLengthOf[code];
  c.open_byte |= static_cast<uint8_t>(code << place * 2);
  buffer[c.open_at] = c.open_byte;
}

bool put_integer(HotSeries& s, ChunkArena& arena, int64_t integer) {
  ChunkState& c = s.chunk;
  int64_t delta = integer - s.last_integer;
  uint64_t z_delta = zigzag(delta), z_dod = zigzag(delta - s.last_delta);
  uint64_t z = c.mode == ChunkMode::kDelta ? z_delta : z_dod;
  if (z > UINT32_MAX) return false;
  const uint32_t needed = c.used + kMostOfDifference;
  if (needed > ChunkArena::class_bytes(c.size_class) && !grow(c, arena, needed + 12)) return false;
  put_difference(c, arena.at(c.buffer), z);
  int trend = s.trend + static_cast<int>(code_of(z_delta)) - static_cast<int>(code_of(z_dod));
  s.trend = static_cast<int8_t>(std::clamp(trend, -100, 100));
  s.last_integer = integer;
  s.last_delta = delta;
  ++c.count;
  return true;
}

// ---- XOR
// ------------------------------------------------------------------------------------------------------------------

// Most significant bit first.
void put_bits(ChunkState& c, uint8_t* buffer, uint64_t value, uint32_t bits) {
  while (bits > 0) {
    uint32_t free_bits = 8 - c.used % 8;
    uint32_t now = std::min(free_bits, bits);
    auto piece = static_cast<uint8_t>(((value >> (bits - now)) & ((1u << now) - 1)) << (free_bits - now));
    c.open_byte = static_cast<uint8_t>((free_bits == 8 ? 0 : c.open_byte) | piece);
    buffer[c.used / 8] = c.open_byte;
    c.used += now;
    bits -= now;
  }
}

bool put_xor(HotSeries& s, ChunkArena& arena, uint64_t bits) {
  ChunkState& c = s.chunk;
  constexpr uint32_t kMostBits = 2 + 5 + 6 + 64;
  uint32_t needed = (c.used + kMostBits + 7) / 8;
  if (needed > ChunkArena::class_bytes(c.size_class) && !grow(c, arena, needed + 8)) return false;
  uint8_t* buffer = arena.at(c.buffer);
  uint64_t x = bits ^ c.value_bits;
  if (x == 0) {
    put_bits(c, buffer, 0, 1);
  } else {
    auto leading = static_cast<uint32_t>(std::min(std::countl_zero(x), 31));
    auto trailing = static_cast<uint32_t>(std::countr_zero(x));
    if (s.leading != 0xff && leading >= s.leading && trailing >= s.trailing) {
      put_bits(c, buffer, 2, 2);
      put_bits(c, buffer, x >> s.trailing, 64u - s.leading - s.trailing);
    } else {
      uint32_t length = 64 - leading - trailing;
      put_bits(c, buffer, 3, 2);
      put_bits(c, buffer, leading, 5);
      put_bits(c, buffer, length & 63, 6);
      put_bits(c, buffer, x >> trailing, length);
      s.leading = static_cast<uint8_t>(leading);
      s.trailing = static_cast<uint8_t>(trailing);
    }
  }
  ++c.count;
  return true;
}

uint64_t get_bits(const uint8_t* buffer, uint32_t& at, uint32_t bits) {
  // Up to 64 bits from any position: eight bytes cover 57 of them, the ninth the rest.
  const uint8_t* p = buffer + at / 8;
  uint64_t word;
  std::memcpy(&word, p, 8);
  word = __builtin_bswap64(word) << (at % 8);
  if (at % 8 != 0 && bits > 64 - at % 8) word |= static_cast<uint64_t>(p[8]) >> (8 - at % 8);
  at += bits;
  return bits == 0 ? 0 : word >> (64 - bits);
}

// ---- moving from one mode to the next
// -------------------------------------------------------------------------------------

// Encodes `values` anew, as decimals with `exponent` or (exponent < 0) as XOR. False when they do not fit one chunk.
bool encode(HotSeries& s, ChunkArena& arena, const std::vector<double>& values, ChunkMode mode, int exponent) {
  HotSeries fresh = s;
  ChunkState& c = fresh.chunk;
  c.mode = mode;
  c.exponent = static_cast<uint8_t>(std::max(exponent, 0));
  c.size_class = ChunkArena::class_for(static_cast<uint32_t>(16 + values.size() / 4));
  c.buffer = arena.allocate(c.size_class);
  uint8_t* buffer = arena.at(c.buffer);
  c.count = 1;
  bool fits = true;
  if (mode == ChunkMode::kXor) {
    c.used = 0;
    fresh.leading = 0xff;
    c.value_bits = std::bit_cast<uint64_t>(values[0]);
    put_bits(c, buffer, c.value_bits, 64);
    for (size_t i = 1; fits && i < values.size(); ++i) {
      auto bits = std::bit_cast<uint64_t>(values[i]);
      fits = put_xor(fresh, arena, bits);
      c.value_bits = bits;
    }
  } else {
    fresh.last_delta = 0;
    fits = to_integer(std::bit_cast<uint64_t>(values[0]), exponent, fresh.last_integer);
    std::memcpy(buffer, &fresh.last_integer, 8);
    c.used = 8;
    for (size_t i = 1; fits && i < values.size(); ++i) {
      int64_t integer;
      fits = to_integer(std::bit_cast<uint64_t>(values[i]), exponent, integer) && put_integer(fresh, arena, integer);
    }
    c.value_bits = std::bit_cast<uint64_t>(values.back());
  }
  if (!fits) {
    arena.free(c.buffer, c.size_class);
    return false;
  }
  if (s.chunk.mode >= ChunkMode::kDelta) arena.free(s.chunk.buffer, s.chunk.size_class);
  s = fresh;
  return true;
}

// The chunk's values and one more, in a mode that takes them all.
bool encode_with(HotSeries& s, ChunkArena& arena, uint64_t bits, bool xor_only) {
  std::vector<double> values(s.chunk.count + 1u);
  std::vector<uint8_t> copy(buffer_bytes(s.chunk) + 8);
  if (s.chunk.mode >= ChunkMode::kDelta) std::memcpy(copy.data(), arena.at(s.chunk.buffer), copy.size() - 8);
  decode_values(s.chunk, copy.data(), values.data());
  values.back() = std::bit_cast<double>(bits);
  if (!xor_only && s.chunk.mode != ChunkMode::kXor) {
    int exponent = 0, first_exponent = 0;
    int64_t unused;
    bool decimal = to_integer_from(bits, s.chunk.exponent, exponent, unused) &&
                   to_integer_from(std::bit_cast<uint64_t>(values[0]), exponent, first_exponent, unused);
    ChunkMode mode = s.trend > 0 ? ChunkMode::kDeltaOfDelta : ChunkMode::kDelta;
    if (decimal && encode(s, arena, values, mode, first_exponent)) return true;
  }
  return encode(s, arena, values, ChunkMode::kXor, -1);
}

}  // namespace

bool append_value(HotSeries& s, ChunkArena& arena, uint64_t bits, bool xor_only) {
  ChunkState& c = s.chunk;
  if (c.count >= kMaxCount) return false;
  switch (c.mode) {
    case ChunkMode::kEmpty:
      c.mode = ChunkMode::kConstant;
      c.count = 1;
      c.value_bits = bits;
      return true;
    case ChunkMode::kConstant:
      if (bits == c.value_bits) return ++c.count, true;
      return encode_with(s, arena, bits, xor_only);
    case ChunkMode::kDelta:
    case ChunkMode::kDeltaOfDelta: {
      int64_t integer;
      if (!to_integer(bits, c.exponent, integer) || !put_integer(s, arena, integer))
        return encode_with(s, arena, bits, xor_only);
      c.value_bits = bits;
      return true;
    }
    case ChunkMode::kXor:
      if (!put_xor(s, arena, bits)) return false;
      c.value_bits = bits;
      return true;
  }
  return false;
}

void start_chunk(HotSeries& s) {
  uint64_t last = s.chunk.value_bits;  // Still needed to tell a duplicate.
  s.chunk = ChunkState{};
  s.chunk.value_bits = last;
  s.leading = 0xff;
  s.trailing = 0;
  s.last_integer = s.last_delta = 0;
}

void decode_values(const ChunkState& c, const uint8_t* buffer, double* out) {
  switch (c.mode) {
    case ChunkMode::kEmpty:
      return;
    case ChunkMode::kConstant:
      std::fill_n(out, c.count, std::bit_cast<double>(c.value_bits));
      return;
    case ChunkMode::kDelta:
    case ChunkMode::kDeltaOfDelta: {
      const bool dod = c.mode == ChunkMode::kDeltaOfDelta;
      const double power = kPower10[c.exponent];
      int64_t integer, delta = 0;
      std::memcpy(&integer, buffer, 8);
      out[0] = static_cast<double>(integer) / power;
      const uint8_t* p = buffer + 8;
      constexpr uint32_t kMask[] = {0, 0xff, 0xffff, 0xffffffff};
      uint32_t codes = 0;
      for (uint32_t i = 0; i + 1 < c.count; ++i) {
        codes = i % 4 == 0 ? *p++ : codes >> 2;
        const uint32_t code = codes & 3;
        uint32_t word;
        std::memcpy(&word, p, 4);
        p += kLengthOf[code];
        int64_t difference = unzigzag(word & kMask[code]);
        delta = dod ? delta + difference : difference;
        integer += delta;
        out[i + 1] = static_cast<double>(integer) / power;
      }
      return;
    }
    case ChunkMode::kXor: {
      uint32_t at = 0, leading = 0, trailing = 0;
      uint64_t bits = get_bits(buffer, at, 64);
      out[0] = std::bit_cast<double>(bits);
      for (uint32_t i = 1; i < c.count; ++i) {
        if (get_bits(buffer, at, 1) != 0) {
          if (get_bits(buffer, at, 1) != 0) {
            leading = static_cast<uint32_t>(get_bits(buffer, at, 5));
            auto length = static_cast<uint32_t>(get_bits(buffer, at, 6));
            trailing = 64 - leading - (length == 0 ? 64 : length);
          }
          bits ^= get_bits(buffer, at, 64 - leading - trailing) << trailing;
        }
        out[i] = std::bit_cast<double>(bits);
      }
      return;
    }
  }
}

}  // namespace nightlight::gorilla
