// Start timestamps, and the modifiers anchored and smoothed.
#include <doctest/doctest.h>

#include "fixture.h"
#include "promql_std/start_time.h"

using namespace nightlight;
using namespace nightlight::promql_std;
using namespace nightlight::promql_std::testing;

namespace {

constexpr int64_t kMinute = 60000;

std::optional<double> at(Fixture& f, std::string_view name, RangeMode mode, int64_t range_ms = 2 * kMinute) {
  f.evaluation.flags = kUseStartTimestamps;
  f.matrix();
  return f.window(name, range_ms, mode, {{"__name__", "s_total"}}).value(0);
}

Fixture evaluated_at(int64_t time_ms) { return Fixture({time_ms}); }

}  // namespace

TEST_CASE("a start timestamp tells of a reset when it lies between the samples") {
  CHECK(is_start_reset({0, 100}, {150, 200}));
  CHECK(!is_start_reset({150, 100}, {150, 200}));  // The same start.
  CHECK(!is_start_reset({0, 100}, {0, 200}));      // Unknown.
  CHECK(!is_start_reset({0, 100}, {200, 200}));    // Unknown, as OpenTelemetry writes it.
  CHECK(!is_start_reset({0, 100}, {90, 200}));     // Before the previous sample.
  CHECK(is_start_reset({50, 100}, {100, 200}));    // A delta that begins where the last one ended.
  CHECK(!is_start_reset({0, 100}, {100, 200}));    // Unless it is not known that that was one.
  CHECK(!is_start_reset({100, 100}, {100, 200}));
  CHECK(overlaps({10, 100}, {50, 200}));
  CHECK(!overlaps({50, 100}, {50, 200}));
}

TEST_CASE("a counter that began inside the window counts from there") {
  Fixture f = evaluated_at(4 * kMinute);
  f.sample(3 * kMinute, 30, 3 * kMinute - 30000);
  CHECK(at(f, "increase", RangeMode::kPlain) == 30);  // A single sample is enough.
  Fixture unknown = evaluated_at(4 * kMinute);
  unknown.sample(3 * kMinute, 30);
  CHECK(!at(unknown, "increase", RangeMode::kPlain).has_value());
}

TEST_CASE("overlapping start times are counted") {
  Fixture f({4 * kMinute, 5 * kMinute});
  f.evaluation.flags = kUseStartTimestamps;
  f.matrix().sample(3 * kMinute, 1, 1000).sample(4 * kMinute, 2, 2000).sample(5 * kMinute, 3, 3000);
  f.window("rate", 3 * kMinute, RangeMode::kPlain, {{"__name__", "s_total"}});
  CHECK(f.notes.counted == 2);
  CHECK(f.notes.texts.count(
            "PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "
            "\"s_total\"") == 1);
}

// The examples of the notes on Prometheus 3.16: increase(s[2m] anchored) at 101m, rate(s[2m] smoothed).
TEST_CASE("anchored and smoothed ranges know start timestamps") {
  const int64_t t = 101 * kMinute;
  auto single = [&](int64_t start_ms) {
    Fixture f = evaluated_at(t);
    f.sample(t, 60, start_ms);
    return at(f, "increase", RangeMode::kAnchored);
  };
  CHECK(single(91 * kMinute) == 0);
  CHECK(single(98 * kMinute) == 60);
  auto pair = [&](double a, int64_t a_start, double b, int64_t b_start) {
    Fixture f = evaluated_at(t);
    f.sample(100 * kMinute, a, a_start).sample(t, b, b_start);
    return at(f, "increase", RangeMode::kAnchored);
  };
  CHECK(pair(60, 100 * kMinute, 120, 100 * kMinute) == 60);
  CHECK(pair(60, 99 * kMinute, 60, 100 * kMinute) == 120);
  auto smoothed = [&](int64_t start_ms) {
    Fixture f = evaluated_at(t);
    f.sample(102 * kMinute, 60, start_ms);
    return at(f, "rate", RangeMode::kSmoothed);
  };
  CHECK(smoothed(97 * kMinute) == doctest::Approx(0.2));
  CHECK(smoothed(101 * kMinute) == 0);
  CHECK(!smoothed(101 * kMinute + 30000).has_value());
}

TEST_CASE("anchored ranges start from the last sample before the window, smoothed ones interpolate") {
  auto rate = [](RangeMode mode, std::string_view name) {
    Fixture f = evaluated_at(10 * kMinute);
    for (int i = 0; i < 13; ++i) f.sample(i * kMinute + 15000, i * 10.0);
    f.matrix();
    return f.window(name, 4 * kMinute, mode).value(0);
  };
  CHECK(rate(RangeMode::kAnchored, "increase") == 40);  // From 5:15 to 9:15.
  CHECK(rate(RangeMode::kSmoothed, "increase") == 40);  // From 57.5 to 97.5.
  CHECK(rate(RangeMode::kSmoothed, "rate") == doctest::Approx(40.0 / 240));
  CHECK(rate(RangeMode::kAnchored, "changes") == 4);
  CHECK(rate(RangeMode::kAnchored, "resets") == 0);
  Fixture f = evaluated_at(10 * kMinute);
  f.matrix().sample(5 * kMinute, 1);
  CHECK(!f.window("changes", 4 * kMinute, RangeMode::kAnchored).value(0).has_value());  // Nothing inside.
}

TEST_CASE("resets count start timestamps and changes of type") {
  Fixture f = evaluated_at(10 * kMinute);
  FloatHistogram h;
  h.count = 1;
  f.evaluation.flags = kUseStartTimestamps;
  f.matrix()
      .sample(7 * kMinute, 5)
      .sample(8 * kMinute, 6, 8 * kMinute - 1)
      .sample(9 * kMinute, 1)
      .sample(10 * kMinute, h);
  CHECK(f.window("resets", 5 * kMinute).value(0) == 3);
  CHECK(f.window("changes", 5 * kMinute).value(0) == 3);
}
