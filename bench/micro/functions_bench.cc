// Functions of range vectors over one series after another, as the engine calls them: 480 samples and 480 steps of 15
// s. Time is ns a sample of the series (each is in up to range / 15 s windows). Beside it, what the machine needs at
// the least to touch the same memory: 8 bytes a sample read and 8 bytes a step written, from the first-level cache.
//   shared   the engine says that series share their timestamps, as those of one scrape do
//   own      it does not
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "unit/promql_std/fixture.h"

namespace {

using namespace nightlight;
using promql_std::testing::Fixture;

constexpr size_t kSamples = 480, kSeries = 64;
constexpr int64_t kStepMs = 15'000, kBeginMs = 1'700'000'000'000;

void set_per_sample(benchmark::State& state) {
  const double samples = static_cast<double>(state.iterations()) * kSamples * kSeries;
  state.counters["ns/sample"] =
      benchmark::Counter(samples * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Counters that grow by doubles, each series its own.
std::vector<std::vector<double>> counters() {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> growth(0, 10);
  std::vector<std::vector<double>> out(kSeries, std::vector<double>(kSamples));
  for (auto& values : out) {
    double value = 1e4 * growth(random);
    for (double& v : values) v = value += growth(random);
  }
  return out;
}

void window_function(benchmark::State& state, const char* name, int64_t range_ms, bool shared) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < kSamples; ++i) times.push_back(kBeginMs + static_cast<int64_t>(i) * kStepMs);
  Fixture f(times);
  std::vector<int64_t> sample_times;
  for (int64_t t : times) sample_times.push_back(t - 1);
  std::vector<uint32_t> begin, end;
  for (int64_t t : times) {
    auto after = [&](int64_t bound) {
      return static_cast<uint32_t>(std::upper_bound(sample_times.begin(), sample_times.end(), bound) -
                                   sample_times.begin());
    };
    begin.push_back(after(t - range_ms));
    end.push_back(after(t));
  }
  Argument window{}, number{};
  window.struct_size = number.struct_size = sizeof(Argument);
  window.type = ValueType::kMatrix;
  number.type = ValueType::kScalar;
  const bool quantile = std::string_view(name) == "quantile_over_time";
  const std::vector<double> numbers(kSamples, quantile ? 0.9 : 3600);
  number.scalar = numbers.data();
  const bool two = quantile || std::string_view(name) == "predict_linear";
  const Argument* arguments[] = {quantile ? &number : &window, quantile ? &window : &number};
  const Call call{sizeof(Call), two ? 2U : 1U, &f.evaluation, {arguments, two ? 2U : 1U}};
  const auto series = counters();
  Owned<Function> function = f.prepare(name);
  std::vector<double> values(kSamples);
  std::vector<uint64_t> valid(kSamples / 64 + 1);
  std::vector<const Histogram*> histograms(kSamples);
  Windows w{};
  w.struct_size = sizeof w;
  w.range_ms = range_ms;
  w.end_ms = times.data();
  w.timestamps_ms = sample_times.data();
  w.begin = begin.data();
  w.end = end.data();
  if (shared) w.timing_id = 1;
  for (auto _ : state) {
    for (const auto& one : series) {
      w.values = one.data();
      ColumnOut out{sizeof(ColumnOut), kSamples, values.data(), valid.data(), histograms.data()};
      if (!function->window(&call, &w, &out).ok()) state.SkipWithError("the function failed");
      benchmark::DoNotOptimize(values.data());
      benchmark::ClobberMemory();
    }
  }
  set_per_sample(state);
}

void bound_read_and_write(benchmark::State& state) {
  const auto series = counters();
  std::vector<double> out(kSamples);
  for (auto _ : state) {
    for (const auto& one : series) {
      std::copy(one.begin(), one.end(), out.begin());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
  }
  set_per_sample(state);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("bound/read_and_write_8_bytes", bound_read_and_write);
  struct Range {
    const char* text;
    int64_t ms;
  };
  for (const char* name : {"rate", "increase", "irate", "delta", "changes", "sum_over_time", "avg_over_time",
                           "max_over_time", "stddev_over_time", "quantile_over_time", "deriv", "predict_linear"}) {
    for (const Range& range : {Range{"5m", 300'000}, Range{"1h", 3'600'000}}) {
      for (bool shared : {true, false}) {
        const std::string title = std::string(name) + "/" + range.text + (shared ? "/shared" : "/own");
        benchmark::RegisterBenchmark(title.c_str(), window_function, name, range.ms, shared);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
