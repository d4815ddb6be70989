// Series with the same timestamps, told so or not: the same answers to the bit.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "unit/promql_std/fixture.h"

namespace nightlight::promql_std::testing {
namespace {

constexpr int64_t kIntervalMs = 15'000;
constexpr size_t kSamples = 300;

// What rates have to tell apart: counters that begin near zero, rise slowly, stand still, are reset, and no counters.
std::vector<std::vector<double>> some_series(std::mt19937_64& random) {
  std::vector<std::vector<double>> out;
  std::uniform_real_distribution<double> unit;
  for (int kind = 0; kind < 40; ++kind) {
    std::vector<double> values;
    double value = kind % 4 == 0 ? 0 : kind % 4 == 1 ? unit(random) : kind % 4 == 2 ? 1e6 * unit(random) : -5;
    for (size_t i = 0; i < kSamples; ++i) {
      values.push_back(value);
      if (kind % 5 == 0) continue;
      value += kind % 5 == 1 ? std::floor(3 * unit(random)) : unit(random) * (kind % 7 == 0 ? 1e-300 : 10);
      if (kind == 7 && i % 50 == 0) value = 0;
      if (kind == 8 && i % 90 == 0) value = NAN;
      if (kind == 9 && i == 100) value = INFINITY;
      if (kind == 11) value = std::sin(static_cast<double>(i));
    }
    out.push_back(std::move(values));
  }
  return out;
}

TEST_CASE("functions of windows answer the same whether or not they are told that timestamps are shared") {
  std::mt19937_64 random(3);
  std::vector<int64_t> sample_times, times;
  for (size_t i = 0; i < kSamples; ++i) {
    const bool gap = i > 100 && i < 140;  // And windows without samples.
    sample_times.push_back(1'700'000'000'000 + static_cast<int64_t>(i) * kIntervalMs + (gap ? 3'000'000 : 0) +
                           static_cast<int64_t>(random() % 100));
  }
  std::sort(sample_times.begin(), sample_times.end());
  for (int64_t t = sample_times.front() - 400'000; t < sample_times.back() + 400'000; t += 23'000) times.push_back(t);
  const auto series = some_series(random);

  for (std::string_view name :
       {"rate", "increase", "delta", "deriv", "predict_linear", "avg_over_time", "sum_over_time"}) {
    CAPTURE(name);
    Fixture f(times);
    Argument window{}, ahead{};
    std::vector<double> ahead_s(times.size(), 3600);
    window.struct_size = ahead.struct_size = sizeof(Argument);
    window.type = ValueType::kMatrix;
    ahead.type = ValueType::kScalar;
    ahead.scalar = ahead_s.data();
    const Argument* arguments[] = {&window, &ahead};
    const uint32_t count = name == "predict_linear" ? 2 : 1;
    const Call call{sizeof(Call), count, &f.evaluation, {arguments, count}};
    for (int64_t range_ms : {20'000, 300'000}) {
      std::vector<uint32_t> begin, end;
      for (int64_t t : times) {
        auto at = [&](int64_t after) {
          return static_cast<uint32_t>(std::upper_bound(sample_times.begin(), sample_times.end(), after) -
                                       sample_times.begin());
        };
        begin.push_back(at(t - range_ms));
        end.push_back(at(t));
      }
      Owned<Function> told = f.prepare(name);
      for (size_t k = 0; k < series.size(); ++k) {
        CAPTURE(k);
        Windows w{};
        w.struct_size = sizeof w;
        w.range_ms = range_ms;
        w.end_ms = times.data();
        w.timestamps_ms = sample_times.data();
        w.values = series[k].data();
        w.begin = begin.data();
        w.end = end.data();
        std::vector<double> expected(times.size()), values(times.size());
        std::vector<uint64_t> expected_valid(times.size() / 64 + 1), valid(times.size() / 64 + 1);
        ColumnOut expected_out{sizeof(ColumnOut), static_cast<uint32_t>(times.size()), expected.data(),
                               expected_valid.data(), nullptr};
        ColumnOut out{sizeof(ColumnOut), static_cast<uint32_t>(times.size()), values.data(), valid.data(), nullptr};
        REQUIRE(f.prepare(name)->window(&call, &w, &expected_out).ok());
        w.timing_id = k < 30 ? 5 : 6 + k % 2;  // Many in a row, then never two.
        REQUIRE(told->window(&call, &w, &out).ok());
        REQUIRE(valid == expected_valid);
        for (size_t i = 0; i < times.size(); ++i) {
          const bool same = std::bit_cast<uint64_t>(values[i]) == std::bit_cast<uint64_t>(expected[i]) ||
                            (std::isnan(values[i]) && std::isnan(expected[i]));
          REQUIRE_MESSAGE(same, i, ": ", values[i], " for ", expected[i]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nightlight::promql_std::testing
