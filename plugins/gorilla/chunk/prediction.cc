#include "gorilla/chunk/prediction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace nightlight::gorilla {
namespace {

constexpr Predictor steady(unsigned level_shift) { return {level_shift, 0, true, 0, 0}; }
constexpr Predictor moving(unsigned level_shift, unsigned trend_shift) {
  return {level_shift, trend_shift, false, 0, 0};
}

// Counters whose increments are independent, counters that grow evenly and are read at uneven moments, gauges that move
// slowly under noise. A multiple of kAtOnce.
constexpr size_t kAtOnce = 4;
constexpr std::array kCandidates{steady(0),    steady(1),    steady(2),    steady(4),    steady(5),    steady(6),
                                 moving(0, 0), moving(1, 1), moving(2, 2), moving(3, 2), moving(3, 4), moving(5, 6)};
// So many values decide which candidates are worth looking at all of them for.
constexpr size_t kTrial = 320;
constexpr size_t kOfNoise = 64;

// log2 of what is half above the size of a residual, to within a tenth, and a constant: eight bits behind the point.
uint64_t logarithm(uint64_t residual) {
  const double size = std::abs(static_cast<double>(static_cast<int64_t>(residual))) + 0.5;
  return std::bit_cast<uint64_t>(size) >> 44;
}
constexpr uint64_t kLogarithmOfOne = uint64_t{1023} << 8;

using Candidates = std::array<Predictor, kAtOnce>;
using Costs = std::array<uint64_t, kAtOnce>;

// What the residuals would take, but for a constant; eight bits behind the point. Several at once, since each alone
// waits for itself.
Costs costs_of(std::span<const int64_t> values, const Candidates& candidates) {
  std::array predictions{Prediction(candidates[0]), Prediction(candidates[1]), Prediction(candidates[2]),
                         Prediction(candidates[3])};
  Costs costs{};
  for (int64_t value : values) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kAtOnce; ++i) {
      const uint64_t residual = static_cast<uint64_t>(value) - predictions[i].next();
      predictions[i].learn(residual);
      costs[i] += logarithm(residual);
    }
  }
  return costs;
}

// The mean difference, rounded to what matters beside the size of the differences, for a short varint.
uint64_t mean_trend(std::span<const int64_t> values, uint64_t mean_cost) {
  const double rise = static_cast<double>(values.back()) - static_cast<double>(values.front());
  const double trend = rise * (1 << kPredictionFraction) / static_cast<double>(values.size() - 1);
  if (std::abs(trend) >= 0x1p63) return 0;
  // 1/512 of a difference's deviation.
  const uint64_t bits = mean_cost / 256 - kLogarithmOfOne / 256 + 1 + kPredictionFraction;
  const unsigned dropped = bits > 10 ? static_cast<unsigned>(std::min<uint64_t>(bits - 10, 62)) : 0;
  return static_cast<uint64_t>(static_cast<int64_t>(trend) >> dropped) << dropped;
}

// Where the level begins: the mean of as many values as it remembers, less their trend.
int64_t begin_of(std::span<const int64_t> values, const Predictor& predictor) {
  const size_t number = std::min(values.size(), size_t{1} << predictor.level_shift);
  int64_t sum = 0;
  uint64_t risen = 0;
  for (int64_t value : values.first(number)) {
    const auto trend = static_cast<uint64_t>(static_cast<int64_t>(risen) >> kPredictionFraction);
    sum = wrap_add(sum, wrap_sub(wrap_sub(value, values[0]), static_cast<int64_t>(trend)));
    risen += predictor.trend;
  }
  return wrap_add(values[0], sum / static_cast<int64_t>(number));
}

}  // namespace

void predict(std::span<const int64_t> values, const Predictor& predictor, int64_t* residuals) {
  Prediction prediction(predictor);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t residual = static_cast<uint64_t>(values[i]) - prediction.next();
    prediction.learn(residual);
    residuals[i] = static_cast<int64_t>(residual);
  }
}

Predictor choose_predictor(std::span<const int64_t> values) {
  const size_t tried = std::min(kTrial, values.size());
  const std::span<const int64_t> trial = values.subspan((values.size() - tried) / 2, tried);
  auto begun = [](Predictor predictor, std::span<const int64_t> at, uint64_t trend) {
    predictor.trend = trend;
    predictor.first = begin_of(at, predictor);
    return predictor;
  };
  // The differences of differences tell how much noise there is, whatever the trend.
  const std::span<const int64_t> some = trial.first(std::min(kOfNoise, tried));
  Candidates set;
  set.fill(begun(moving(0, 0), some, 0));
  const uint64_t noise = costs_of(some, set)[0] / some.size();
  const uint64_t trial_trend = mean_trend(trial, noise), trend = mean_trend(values, noise);
  std::array<std::pair<uint64_t, size_t>, kCandidates.size()> order;
  for (size_t at = 0; at < kCandidates.size(); at += kAtOnce) {
    for (size_t i = 0; i < kAtOnce; ++i) set[i] = begun(kCandidates[at + i], trial, trial_trend);
    const Costs costs = costs_of(trial, set);
    for (size_t i = 0; i < kAtOnce; ++i) order[at + i] = {costs[i], at + i};
  }
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < kAtOnce; ++i) set[i] = begun(kCandidates[order[i].second], values, trend);
  const Costs costs = costs_of(values, set);
  return set[static_cast<size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin())];
}

}  // namespace nightlight::gorilla
