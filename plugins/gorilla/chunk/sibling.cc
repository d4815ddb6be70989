#include "gorilla/chunk/sibling.h"

#include <bit>
#include <cmath>

namespace nightlight::gorilla {
namespace {

constexpr double kLimit = 0x1p51;
// 1.5 * 2^52: the sum of it and a number below the limit has that number, rounded, in its low bits.
constexpr double kShifter = 0x1.8p52;
// The increments must become smaller by this at least.
constexpr double kWorthwhile = 0.75;
// By more than any prediction from the values alone could make them, or nearly; where there is something to predict.
constexpr double kClear = 0.2, kLeastIncrement = 1;

// Walks over the sibling as integers, from zero on.
class Walk {
 public:
  explicit Walk(std::span<const double> sibling) : sibling_(sibling) {
    if (!sibling.empty()) first_ = before_ = integer_of(sibling[0]);
  }
  int64_t risen(size_t i) {
    before_ = integer_of(sibling_[i]);
    return before_ - first_;
  }

 private:
  int64_t integer_of(double value) const {
    const int64_t rounded = wrap_sub(std::bit_cast<int64_t>(value + kShifter), std::bit_cast<int64_t>(kShifter));
    return value > -kLimit && value < kLimit ? rounded : before_;
  }

  std::span<const double> sibling_;
  int64_t first_ = 0, before_ = 0;
};

int64_t scaled(int64_t risen, int64_t multiplier) {
  return static_cast<int64_t>(static_cast<uint64_t>(risen) * static_cast<uint64_t>(multiplier)) >> kMultiplierFraction;
}

}  // namespace

std::optional<Multiplier> choose_multiplier(std::span<const int64_t> values, std::span<const double> sibling) {
  // Least squares of the increments.
  double product = 0, square = 0;
  Walk walk(sibling);
  int64_t before = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const int64_t risen = walk.risen(i);
    const auto ours = static_cast<double>(wrap_sub(values[i], values[i - 1]));
    const auto theirs = static_cast<double>(risen - before);
    before = risen;
    product += ours * theirs;
    square += theirs * theirs;
  }
  const double ratio = square > 0 ? product / square : 0;
  if (!(std::abs(ratio) < 0x1p20) || ratio == 0) return std::nullopt;
  double with = 0, without = 0;
  const double steps = static_cast<double>(values.size()) - 1;
  const double mean = static_cast<double>(wrap_sub(values.back(), values.front())) / steps;
  Walk again(sibling);
  before = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const int64_t risen = again.risen(i);
    const auto ours = static_cast<double>(wrap_sub(values[i], values[i - 1]));
    with += std::abs(ours - ratio * static_cast<double>(risen - before));
    without += std::abs(ours - mean);
    before = risen;
  }
  if (with > without * kWorthwhile) return std::nullopt;
  Multiplier out;
  out.value = static_cast<int64_t>(std::nearbyint(ratio * (1 << kMultiplierFraction)));
  out.left = with / steps;
  out.clear = with < without * kClear && without > steps * kLeastIncrement;
  return out;
}

void subtract_sibling(std::span<int64_t> values, std::span<const double> sibling, int64_t multiplier) {
  Walk walk(sibling);
  for (size_t i = 0; i < values.size(); ++i) values[i] = wrap_sub(values[i], scaled(walk.risen(i), multiplier));
}

void add_sibling(std::span<int64_t> values, std::span<const double> sibling, int64_t multiplier) {
  Walk walk(sibling);
  for (size_t i = 0; i < values.size(); ++i) values[i] = wrap_add(values[i], scaled(walk.risen(i), multiplier));
}

}  // namespace nightlight::gorilla
