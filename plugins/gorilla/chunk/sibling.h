// What is left of integers when a multiple of another column has been taken away: the buckets of a histogram count the
// same events, and most of them have nearly the increments of the largest.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_SIBLING_H_
#define NIGHTLIGHT_GORILLA_CHUNK_SIBLING_H_

#include <optional>
#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Multipliers have so many bits behind the point.
inline constexpr unsigned kMultiplierFraction = 16;

struct Multiplier {
  int64_t value = 0;
  double left = 0;     // What it leaves of an increment, at the mean.
  bool clear = false;  // That is so little that nothing else need be tried.
};
// The multiplier that leaves the least of the increments; nothing when any leaves about as much as there was.
std::optional<Multiplier> choose_multiplier(std::span<const int64_t> values, std::span<const double> sibling);

// Both wrap around, and undo each other. A value of the sibling that is no integer is rounded; one that is not finite
// or beyond +-2^51 counts as the one before.
void subtract_sibling(std::span<int64_t> values, std::span<const double> sibling, int64_t multiplier);
void add_sibling(std::span<int64_t> values, std::span<const double> sibling, int64_t multiplier);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_SIBLING_H_
