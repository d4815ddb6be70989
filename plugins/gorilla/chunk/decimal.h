// Doubles that are decimal numbers, as integers: the smallest exponent e with round(v * 10^e) / 10^e equal to v in
// every bit, for all of a column. The division is what decoding does, and IEEE rounds it correctly, so the test is the
// proof.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_DECIMAL_H_
#define NIGHTLIGHT_GORILLA_CHUNK_DECIMAL_H_

#include <cstdint>
#include <optional>
#include <span>

namespace nightlight::gorilla {

inline constexpr unsigned kMaxDecimalExponent = 15;
// Integers stay below 2^51: the conversion to double by adding a constant (see from_decimal) is exact there.
inline constexpr int64_t kMaxDecimal = int64_t{1} << 51;

// Fills `integers` (as long as `values`); the exponent, or nothing when there is none.
std::optional<unsigned> to_decimal(std::span<const double> values, int64_t* integers);

// values[i] = integers[i] / 10^exponent. False, and the values are nothing, when an integer is not within
// +-kMaxDecimal.
bool from_decimal(std::span<const int64_t> integers, unsigned exponent, double* values);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_DECIMAL_H_
