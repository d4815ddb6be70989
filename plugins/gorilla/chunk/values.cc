#include "gorilla/chunk/values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "gorilla/chunk/decimal.h"
#include "gorilla/chunk/sibling.h"
#include "gorilla/chunk/xor_codecs.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {
namespace {

constexpr uint8_t kExponentMask = 0x1f;
constexpr uint8_t kHasFactor = 0x20;
// Against bytes that the compression of the page may shrink further, others must be smaller by one part in so many.
constexpr size_t kWorthwhile = 16;
// Nothing is told from a sibling that takes a byte for so many values by itself.
constexpr size_t kWorthSibling = 8;

uint64_t bits_of(double value) { return std::bit_cast<uint64_t>(value); }

// ---- exceptions
// ------------------------------------------------------------------------------------------------------------ number,
// then each: (gap since the one before) * 2 + (0: staleness marker, 1: 8 bytes follow).

bool is_exception(double value) { return !std::isfinite(value) || bits_of(value) == bits_of(-0.0); }

void put_exceptions(std::span<const double> values, size_t count, Bytes& out) {
  put_varint(out, count);
  size_t next = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!is_exception(values[i])) continue;
    bool stale = bits_of(values[i]) == kStaleNaNBits;
    put_varint(out, (i - next) * 2 + (stale ? 0 : 1));
    if (!stale) put_fixed(out, bits_of(values[i]));
    next = i + 1;
  }
}

// Values with the exceptions replaced by a neighbour, which costs next to nothing.
void bridge_exceptions(std::span<const double> values, double* bridged) {
  auto ordinary = std::find_if_not(values.begin(), values.end(), is_exception);
  double last = *ordinary;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!is_exception(values[i])) last = values[i];
    bridged[i] = last;
  }
}

// ---- decimals
// --------------------------------------------------------------------------------------------------------------

// The greatest common divisor of all differences: sizes that are multiples of a page, durations of whole seconds.
uint64_t common_factor(std::span<const int64_t> integers) {
  uint64_t factor = 0;
  for (int64_t integer : integers) {
    uint64_t distance = static_cast<uint64_t>(std::abs(integer - integers[0]));
    if (factor != 0 && distance % factor == 0) continue;
    factor = std::gcd(factor, distance);
    if (factor == 1) break;
  }
  return factor;
}

IntegerEncoding put_decimal(std::span<int64_t> integers, unsigned exponent, IntegerChoice choice, Bytes& out) {
  uint64_t factor = common_factor(integers);
  if (factor <= 1) {
    out.push_back(static_cast<uint8_t>(exponent));
    return encode_integers(integers, out, choice);
  }
  out.push_back(static_cast<uint8_t>(exponent | kHasFactor));
  put_varint(out, factor);
  int64_t first = integers[0];
  put_signed(out, first);
  auto divisor = static_cast<int64_t>(factor);
  for (int64_t& integer : integers) integer = (integer - first) / divisor;
  return encode_integers(integers, out, choice);
}

bool read_decimal(IntegerEncoding encoding, ByteView bytes, size_t count, double* out) {
  BoundedReader in(bytes);
  uint8_t scale = in.byte();
  unsigned exponent = scale & kExponentMask;
  if ((scale & ~(kExponentMask | kHasFactor)) != 0 || exponent > kMaxDecimalExponent) return false;
  uint64_t factor = 1;
  int64_t first = 0;
  if ((scale & kHasFactor) != 0) {
    factor = in.varint();
    first = in.signed_varint();
    if (factor < 2) return false;
  }
  std::array<int64_t, kMaxChunkSamples> integers;
  if (!in.ok() || !decode_integers(encoding, in.rest(), count, integers.data())) return false;
  if (factor != 1) {
    for (size_t i = 0; i < count; ++i)
      integers[i] = static_cast<int64_t>(static_cast<uint64_t>(integers[i]) * factor + static_cast<uint64_t>(first));
  }
  return from_decimal({integers.data(), count}, exponent, out);
}

// ---- ordered
// ---------------------------------------------------------------------------------------------------------------
// Doubles that are close to each other have bits that are, too: an integer that ascends as the doubles do.

int64_t ordered(double value) {
  const auto bits = std::bit_cast<int64_t>(value);
  return bits >= 0 ? bits : bits ^ INT64_MAX;
}
double from_ordered(int64_t integer) { return std::bit_cast<double>(integer >= 0 ? integer : integer ^ INT64_MAX); }

// False, and nothing appended, when it would take `limit` bytes or more.
bool try_ordered(std::span<const double> values, size_t limit, Bytes& out) {
  std::array<int64_t, kMaxChunkSamples> integers;
  std::transform(values.begin(), values.end(), integers.begin(), ordered);
  const size_t before = out.size();
  out.push_back(0);
  out[before] = static_cast<uint8_t>(encode_integers({integers.data(), values.size()}, out, IntegerChoice::kDense));
  if (out.size() - before < limit) return true;
  out.resize(before);
  return false;
}

bool read_ordered(ByteView bytes, size_t count, double* out) {
  if (bytes.empty()) return false;
  std::array<int64_t, kMaxChunkSamples> integers;
  if (!decode_integers(static_cast<IntegerEncoding>(bytes[0]), bytes.subspan(1), count, integers.data())) return false;
  std::transform(integers.begin(), integers.begin() + static_cast<ptrdiff_t>(count), out, from_ordered);
  return true;
}

// ---- the table
// -------------------------------------------------------------------------------------------------------------

bool is_constant(std::span<const double> values) {
  uint64_t difference = 0;
  for (double value : values) difference |= bits_of(value) ^ bits_of(values[0]);
  return difference == 0;
}

uint8_t put_xor(std::span<const double> values, ValueChoice choice, Bytes& out) {
  if (choice == ValueChoice::kDense) {
    const size_t size = byte_xor_size(values);
    if (try_ordered(values, size - size / kWorthwhile, out)) return static_cast<uint8_t>(ValueEncoding::kOrdered);
  }
  if (choice == ValueChoice::kDense || byte_xor_size(values) < gorilla_size(values)) {
    put_byte_xor(values, out);
    return static_cast<uint8_t>(ValueEncoding::kByteXor);
  }
  put_gorilla(values, out);
  return static_cast<uint8_t>(ValueEncoding::kGorilla);
}

uint8_t sibling_id(IntegerEncoding encoding) {
  return static_cast<uint8_t>(static_cast<uint8_t>(ValueEncoding::kSibling) + static_cast<uint8_t>(encoding));
}

uint8_t decimal_id(IntegerEncoding encoding) {
  return static_cast<uint8_t>(static_cast<uint8_t>(ValueEncoding::kDecimal) + static_cast<uint8_t>(encoding));
}

// False when the values are no decimals, or the XOR of them is smaller; then nothing was appended.
bool try_decimal(std::span<const double> values, ValueChoice choice, Bytes& out, uint8_t* encoding) {
  std::array<int64_t, kMaxChunkSamples> integers;
  std::optional<unsigned> exponent = to_decimal(values, integers.data());
  if (!exponent) return false;
  size_t before = out.size();
  *encoding = decimal_id(put_decimal({integers.data(), values.size()}, *exponent, integers_of(choice), out));
  size_t size = out.size() - before;
  // Almost every decimal column is far smaller than its XOR; only wide ones are worth the comparison.
  if (size < 3 * values.size() || size <= byte_xor_size(values)) return true;
  out.resize(before);
  return false;
}

uint8_t encode_alone(std::span<const double> values, ValueChoice choice, Bytes& out) {
  NIGHTLIGHT_CHECK(!values.empty() && values.size() <= kMaxChunkSamples, "a chunk's number of samples");
  if (choice == ValueChoice::kGorillaOnly) {
    put_gorilla(values, out);
    return static_cast<uint8_t>(ValueEncoding::kGorilla);
  }
  bool constant = is_constant(values);
  auto exceptions = static_cast<size_t>(std::count_if(values.begin(), values.end(), is_exception));
  uint8_t encoding = 0;
  if (exceptions == 0) {
    if (try_decimal(values, choice, out, &encoding)) return encoding;
  } else if (!constant && exceptions * 8 <= values.size() + 7 && exceptions < values.size()) {
    std::array<double, kMaxChunkSamples> bridged;
    bridge_exceptions(values, bridged.data());
    size_t before = out.size();
    put_exceptions(values, exceptions, out);
    if (try_decimal({bridged.data(), values.size()}, choice, out, &encoding)) return encoding | kHasExceptions;
    out.resize(before);
  }
  if (constant) {
    put_fixed(out, bits_of(values[0]));
    return static_cast<uint8_t>(ValueEncoding::kConstant);
  }
  return put_xor(values, choice, out);
}

bool read_sibling(uint8_t encoding, ByteView bytes, size_t count, std::span<const double> sibling, double* out) {
  BoundedReader in(bytes);
  in.varint();
  const int64_t multiplier = in.signed_varint();
  if (!in.ok() || sibling.size() != count) return false;
  std::array<int64_t, kMaxChunkSamples> integers;
  const auto of_integers = static_cast<IntegerEncoding>(encoding - static_cast<uint8_t>(ValueEncoding::kSibling));
  if (!decode_integers(of_integers, in.rest(), count, integers.data())) return false;
  add_sibling({integers.data(), count}, sibling, multiplier);
  return from_decimal({integers.data(), count}, 0, out);
}

// Integers, and what of which sibling is taken away from them.
struct Told {
  std::array<int64_t, kMaxChunkSamples> integers;
  const Sibling* sibling = nullptr;
  Multiplier multiplier;
};

// Takes the sibling that leaves the least. False when none helps.
bool tell(std::span<const double> values, std::span<const Sibling> siblings, Told& told) {
  if (siblings.empty() || to_decimal(values, told.integers.data()) != 0u) return false;
  for (const Sibling& sibling : siblings) {
    if (sibling.values.size() != values.size()) continue;
    const auto multiplier = choose_multiplier({told.integers.data(), values.size()}, sibling.values);
    if (!multiplier || (told.sibling != nullptr && multiplier->left >= told.multiplier.left)) continue;
    told.sibling = &sibling;
    told.multiplier = *multiplier;
  }
  return told.sibling != nullptr;
}

uint8_t put_told(Told& told, Bytes& out) {
  const Sibling& sibling = *told.sibling;
  const std::span<int64_t> integers(told.integers.data(), sibling.values.size());
  subtract_sibling(integers, sibling.values, told.multiplier.value);
  put_varint(out, sibling.back);
  put_signed(out, told.multiplier.value);
  return sibling_id(encode_integers(integers, out, IntegerChoice::kDense));
}

}  // namespace

uint8_t encode_values(std::span<const double> values, ValueChoice choice, Bytes& out,
                      std::span<const Sibling> siblings) {
  Told told;
  if (choice != ValueChoice::kDense || !tell(values, siblings, told)) return encode_alone(values, choice, out);
  if (told.multiplier.clear) return put_told(told, out);
  const size_t before = out.size();
  const uint8_t alone = encode_alone(values, choice, out);
  const auto end = static_cast<ptrdiff_t>(out.size());
  const size_t size = out.size() - before;
  if (size <= values.size() / kWorthSibling) return alone;
  const uint8_t encoding = put_told(told, out);
  const bool smaller = out.size() - before - size < size - size / kWorthwhile;
  if (smaller) {
    out.erase(out.begin() + static_cast<ptrdiff_t>(before), out.begin() + end);
  } else {
    out.resize(before + size);
  }
  return smaller ? encoding : alone;
}

size_t sibling_back(ByteView bytes) { return BoundedReader(bytes).varint(); }

bool decode_values(uint8_t encoding, ByteView bytes, size_t count, double* out, std::span<const double> sibling) {
  if (count == 0 || count > kMaxChunkSamples) return false;
  if (has_sibling(encoding))
    return (encoding & kHasExceptions) == 0 && read_sibling(encoding, bytes, count, sibling, out);
  BoundedReader in(bytes);
  struct Exception {
    size_t position;
    uint64_t bits;
  };
  std::vector<Exception> exceptions;
  if ((encoding & kHasExceptions) != 0) {
    size_t number = in.bounded(std::min(count, in.remaining()));
    exceptions.reserve(number);
    for (size_t i = 0, next = 0; i < number; ++i) {
      uint64_t code = in.varint();
      uint64_t bits = (code & 1) == 0 ? kStaleNaNBits : in.fixed<uint64_t>();
      if (!in.ok() || code / 2 >= count - next) return false;
      next += code / 2;
      exceptions.push_back({next, bits});
      if (++next > count - 1 && i + 1 < number) return false;
    }
  }
  encoding = static_cast<uint8_t>(encoding & ~kHasExceptions);
  bytes = in.rest();
  if (!in.ok()) return false;
  bool ok = false;
  if (encoding >= static_cast<uint8_t>(ValueEncoding::kDecimal)) {
    ok = encoding < kValueEncodings &&
         read_decimal(static_cast<IntegerEncoding>(encoding - static_cast<uint8_t>(ValueEncoding::kDecimal)), bytes,
                      count, out);
  } else if (encoding == static_cast<uint8_t>(ValueEncoding::kConstant)) {
    ok = bytes.size() == 8;
    if (ok) std::fill_n(out, count, load<double>(bytes.data()));
  } else if (encoding == static_cast<uint8_t>(ValueEncoding::kGorilla)) {
    ok = read_gorilla(bytes, count, out);
  } else if (encoding == static_cast<uint8_t>(ValueEncoding::kByteXor)) {
    ok = read_byte_xor(bytes, count, out);
  } else if (encoding == static_cast<uint8_t>(ValueEncoding::kOrdered)) {
    ok = read_ordered(bytes, count, out);
  }
  if (!ok) return false;
  for (const Exception& exception : exceptions) out[exception.position] = std::bit_cast<double>(exception.bits);
  return true;
}

const char* value_encoding_name(uint8_t encoding) {
  encoding = static_cast<uint8_t>(encoding & ~kHasExceptions);
  if (encoding >= static_cast<uint8_t>(ValueEncoding::kDecimal) && encoding < kValueEncodings)
    return integer_codecs()[encoding - static_cast<uint8_t>(ValueEncoding::kDecimal)].name;
  if (has_sibling(encoding)) return "sibling";
  switch (static_cast<ValueEncoding>(encoding)) {
    case ValueEncoding::kConstant:
      return "constant";
    case ValueEncoding::kGorilla:
      return "gorilla";
    case ValueEncoding::kByteXor:
      return "byte-xor";
    case ValueEncoding::kOrdered:
      return "ordered";
    case ValueEncoding::kDecimal:
    case ValueEncoding::kSibling:
      break;
  }
  return "unknown";
}

}  // namespace nightlight::gorilla
