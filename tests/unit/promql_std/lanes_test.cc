// Windows that are computed several at a time: the bits of each window by itself, which is added up sample by sample.
#include <doctest/doctest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "unit/promql_std/fixture.h"

namespace nightlight::promql_std::testing {
namespace {

constexpr int64_t kBeginMs = 1'700'000'000'000, kIntervalMs = 15'000;
constexpr size_t kSamples = 200;

std::vector<std::vector<double>> some_series() {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> unit;
  std::vector<std::vector<double>> out;
  auto add = [&](auto&& value_at) {
    std::vector<double> values;
    for (size_t i = 0; i < kSamples; ++i) values.push_back(value_at(i));
    out.push_back(std::move(values));
  };
  add([&](size_t) { return unit(random); });
  add([&](size_t) { return std::floor(1e6 * unit(random)); });
  add([&](size_t i) { return 1e6 + std::floor(10 * unit(random)) * static_cast<double>(i); });
  add([&](size_t) { return 42.0; });
  add([&](size_t) { return -0.0; });
  // Sums that lose everything but what compensation keeps.
  add([&](size_t i) { return i % 3 == 0 ? 1e100 : i % 3 == 1 ? unit(random) : -1e100; });
  add([&](size_t) { return std::ldexp(unit(random) - 0.5, static_cast<int>(random() % 2000) - 1000); });
  add([&](size_t) { return 4e-324 * std::floor(9 * unit(random)); });
  // What overflows, at once or on its way, and what is not finite to begin with.
  add([&](size_t i) { return i % 7 == 0 ? DBL_MAX : -DBL_MAX / 3; });
  add([&](size_t i) { return i % 50 < 10 ? DBL_MAX : unit(random); });
  add([&](size_t i) { return i % 60 == 59 ? INFINITY : i % 77 == 76 ? -INFINITY : unit(random); });
  add([&](size_t i) { return i % 40 == 39 ? NAN : unit(random); });
  add([&](size_t) { return INFINITY; });
  return out;
}

// The samples are kIntervalMs apart, from kBeginMs on; the function sees those that some window holds.
std::vector<std::optional<double>> answer(std::string_view name, std::vector<int64_t> times, int64_t range_ms,
                                          const std::vector<double>& samples) {
  Fixture f(times);
  f.matrix();
  if (name == "predict_linear") f.scalar(3600);
  for (size_t i = 0; i < samples.size(); ++i) {
    const int64_t at_ms = kBeginMs + static_cast<int64_t>(i) * kIntervalMs;
    if (at_ms > times.front() - range_ms && at_ms <= times.back()) f.sample(at_ms, samples[i]);
  }
  return f.window(name, range_ms).series.at(0).values;
}

TEST_CASE("windows that are added up together have the bits of each by itself") {
  const auto series = some_series();
  for (int64_t step_ms : {kIntervalMs, kIntervalMs + 1, int64_t{40'000}}) {
    std::vector<int64_t> times;
    for (int64_t t = kBeginMs - 30'000; t < kBeginMs + 210 * kIntervalMs; t += step_ms) times.push_back(t);
    for (std::string_view name :
         {"sum_over_time", "avg_over_time", "stddev_over_time", "stdvar_over_time", "deriv", "predict_linear"}) {
      for (int64_t range_ms : {int64_t{40'000}, int64_t{300'000}, int64_t{1'800'000}}) {
        for (size_t k = 0; k < series.size(); ++k) {
          const std::vector<std::optional<double>> together = answer(name, times, range_ms, series[k]);
          for (size_t i = 0; i < times.size(); ++i) {
            const std::optional<double> alone = answer(name, {times[i]}, range_ms, series[k])[0];
            REQUIRE(together[i].has_value() == alone.has_value());
            if (!alone) continue;
            const bool same = std::bit_cast<uint64_t>(*together[i]) == std::bit_cast<uint64_t>(*alone) ||
                              (std::isnan(*together[i]) && std::isnan(*alone));
            REQUIRE_MESSAGE(same, name, ", series ", k, ", step ", i, ": ", *together[i], " for ", *alone);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace nightlight::promql_std::testing
