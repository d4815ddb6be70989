#include <doctest/doctest.h>

#include <cmath>

#include "fixture.h"

using namespace nightlight;
using namespace nightlight::promql_std::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The function of one value.
std::optional<double> apply(std::string_view name, double value, std::vector<double> more = {}) {
  Fixture f({60000});
  f.column({{"__name__", "m"}}, {value}).vector();
  for (double v : more) f.scalar(v);
  return f.column_call(name).value(0);
}

FloatHistogram example() {
  FloatHistogram h;
  h.positive = {{{0, 2}}, {3, 1}};
  h.zero_threshold = 0.001;
  h.zero_count = 2;
  h.count = 6;
  h.sum = 4.5;
  return h;
}

}  // namespace

// Values as Go computes them.
TEST_CASE("functions of one value") {
  struct Example {
    const char* name;
    double value, expected;
  };
  const Example examples[] = {
      {"abs", -2.5, 2.5},
      {"ceil", 1.2, 2},
      {"floor", -1.2, -2},
      {"sqrt", -1, kNaN},
      {"ln", 0, -kInfinity},
      {"ln", 10, 2.302585092994046},
      {"log2", 8, 3},
      {"log10", 1000, 3},
      {"sgn", -3, -1},
      {"sgn", 0, 0},
      {"sgn", kNaN, kNaN},
      {"exp", 0, 1},
      {"rad", 180, 3.141592653589793},
      {"rad", 1e308, 1.7453292519943295e+306},
      {"deg", 3.141592653589793, 180},
      {"sin", 0, 0},
      {"acosh", 1, 0},
      {"atan", kInfinity, 1.5707963267948966},
  };
  for (const Example& e : examples) {
    CAPTURE(e.name);
    CAPTURE(e.value);
    double got = apply(e.name, e.value).value();
    CHECK((std::isnan(e.expected) ? std::isnan(got) : got == e.expected));
  }
}

TEST_CASE("round goes to the nearest multiple, ties up") {
  CHECK(apply("round", 2.5) == 3);
  CHECK(apply("round", -2.5) == -2);
  CHECK(apply("round", 7, {5}) == 5);
  CHECK(apply("round", 0.15, {0.1}) == 0.2);
}

TEST_CASE("clamp keeps within bounds; without room between them there is nothing") {
  CHECK(apply("clamp", 5, {0, 3}) == 3);
  CHECK(apply("clamp", -5, {0, 3}) == 0);
  CHECK(!apply("clamp", 1, {3, 0}).has_value());
  CHECK(std::isnan(*apply("clamp", 1, {kNaN, 0})));
  CHECK(std::isnan(*apply("clamp_min", kNaN, {2})));
  CHECK(apply("clamp_min", 1, {2}) == 2);
  CHECK(apply("clamp_max", 3, {2}) == 2);
}

TEST_CASE("dates are in UTC, before 1970 too") {
  struct Example {
    double seconds;
    double minute, hour, day_of_week, day_of_month, day_of_year, days_in_month, month, year;
  };
  const Example examples[] = {
      {0, 0, 0, 4, 1, 1, 31, 1, 1970},           {1582934399.9, 59, 23, 5, 28, 59, 29, 2, 2020},  // 2020-02-28 23:59:59
      {-1, 59, 23, 3, 31, 365, 31, 12, 1969},    {4107542400, 0, 0, 1, 1, 60, 31, 3, 2100},  // 2100 is no leap year.
      {951782400, 0, 0, 2, 29, 60, 29, 2, 2000},
  };
  for (const Example& e : examples) {
    CAPTURE(e.seconds);
    CHECK(apply("minute", e.seconds) == e.minute);
    CHECK(apply("hour", e.seconds) == e.hour);
    CHECK(apply("day_of_week", e.seconds) == e.day_of_week);
    CHECK(apply("day_of_month", e.seconds) == e.day_of_month);
    CHECK(apply("day_of_year", e.seconds) == e.day_of_year);
    CHECK(apply("days_in_month", e.seconds) == e.days_in_month);
    CHECK(apply("month", e.seconds) == e.month);
    CHECK(apply("year", e.seconds) == e.year);
  }
}

TEST_CASE("functions of histograms leave floats out, and the others histograms") {
  for (const char* name : {"histogram_count", "abs"}) {
    Fixture f({1000, 2000});
    f.column({{"__name__", "m"}}, {5.0}, {std::nullopt, example()}).vector();
    Answer answer = f.column_call(name);
    bool of_histograms = std::string_view(name) == "histogram_count";
    CHECK(answer.series[0].values[0].has_value() == !of_histograms);
    CHECK(answer.series[0].values[1].has_value() == of_histograms);
  }
}

TEST_CASE("a histogram's count, sum, mean and spread") {
  auto of = [](const char* name, const FloatHistogram& h) {
    Fixture f({1000});
    f.column({}, {}, {h}).vector();
    return f.column_call(name).value(0).value();
  };
  CHECK(of("histogram_count", example()) == 6);
  CHECK(of("histogram_sum", example()) == 4.5);
  CHECK(of("histogram_avg", example()) == 0.75);
  // Observations at 0 (twice), sqrt(1/2) (three times) and sqrt(2); the mean is 0.75.
  double a = std::sqrt(0.5) - 0.75, b = std::sqrt(2) - 0.75;
  CHECK(of("histogram_stdvar", example()) == doctest::Approx((2 * 0.75 * 0.75 + 3 * a * a + b * b) / 6));
  CHECK(of("histogram_stddev", example()) == doctest::Approx(std::sqrt((2 * 0.75 * 0.75 + 3 * a * a + b * b) / 6)));
}

TEST_CASE("timestamp of an expression is the evaluation time, start_timestamp has none") {
  Fixture f({1500, 61500});
  f.column({}, {7.0, 8.0}).vector();
  Answer answer = f.column_call("timestamp");
  CHECK(answer.value(0) == 1.5);
  CHECK(answer.value(1) == 61.5);
  f.evaluation.flags = kUseStartTimestamps;
  CHECK(!f.column_call("start_timestamp").value(0).has_value());
}

TEST_CASE("scalars of the query") {
  Fixture f({10000, 20000, 30000});
  CHECK(f.scalar_call("time") == std::vector<double>{10, 20, 30});
  CHECK(f.scalar_call("start")[2] == 10);
  CHECK(f.scalar_call("end")[0] == 30);
  CHECK(f.scalar_call("range")[0] == 20);
  CHECK(f.scalar_call("step")[0] == 10);
  CHECK(f.scalar_call("pi")[1] == 3.141592653589793);
  f.scalar(2).scalar(-kInfinity);
  CHECK(f.scalar_call("min_of")[0] == -kInfinity);
  CHECK(f.scalar_call("max_of")[0] == 2);
}

TEST_CASE("scalar() takes the only float of a step") {
  Fixture f({1000, 2000, 3000});
  f.column({{"a", "1"}}, {1.0, 2.0, std::nullopt}, {std::nullopt, std::nullopt, example()});
  f.column({{"a", "2"}}, {std::nullopt, 3.0, 4.0}).vector();
  auto values = f.scalar_call("scalar");
  CHECK(values[0] == 1);
  CHECK(std::isnan(values[1]));
  CHECK(values[2] == 4);
}
