// The shortest decimal that reads back as the same double, and of those the nearest: what std::to_chars finds, in half
// the time.
//
// Raffaello Giulietti, "The Schubfach way to render doubles" (2020): the decimals of a fixed distance that is a power
// of ten are pigeonholes, and the interval of what rounds to the double has one or two of them; a product with a
// 128-bit power of ten, rounded to odd, tells exactly which.
#ifndef NIGHTLIGHT_BASE_SHORTEST_DECIMAL_H_
#define NIGHTLIGHT_BASE_SHORTEST_DECIMAL_H_

#include <cstdint>

namespace nightlight {

// digits * 10^exponent.
struct Decimal {
  uint64_t digits;  // At most 17, the last of them not 0.
  int exponent;
};

// `value` must be finite and above 0.
Decimal shortest_decimal(double value);

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_SHORTEST_DECIMAL_H_
