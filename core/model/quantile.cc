#include "model/quantile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace nightlight {

double quantile(double q, std::vector<double>& values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(q)) return q;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  double rank = q * static_cast<double>(values.size() - 1);
  double lower = std::floor(rank);
  double weight = rank - lower;
  auto less = [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; };
  auto at = values.begin() + static_cast<std::ptrdiff_t>(lower);
  std::nth_element(values.begin(), at, values.end(), less);
  if (weight == 0) return *at;
  double next = at + 1 == values.end() ? *at : *std::min_element(at + 1, values.end(), less);
  return *at * (1 - weight) + next * weight;
}

}  // namespace nightlight
