#include "ctl/ticks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

using namespace nightlight::ctl;

namespace {

std::vector<std::string> texts(double low, double high, int most) {
  std::vector<std::string> out;
  for (const ValueTick& tick : value_ticks(low, high, most)) out.push_back(tick.text);
  return out;
}

constexpr int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int64_t kMidnight = 1'767'312'000'000;  // 2026-01-02T00:00:00Z

}  // namespace

TEST_CASE("values are marked at round ones that people would choose") {
  using Texts = std::vector<std::string>;
  CHECK(texts(0, 10, 8) == Texts{"0", "2", "4", "6", "8", "10"});
  CHECK(texts(0.3, 9.7, 8) == Texts{"0", "2", "4", "6", "8", "10"});
  CHECK(texts(-0.02, 0.1, 9) == Texts{"-0.02", "0.00", "0.02", "0.04", "0.06", "0.08", "0.10"});
  CHECK(texts(0, 85'000, 5) == Texts{"0", "50k", "100k"});
  CHECK(texts(1e9, 1e9 + 0.004, 4) == Texts{"1000000000.000", "1000000000.002", "1000000000.004"});
  CHECK(texts(2e6, 1.2e7, 8) == Texts{"2M", "4M", "6M", "8M", "10M", "12M"});
  CHECK(texts(42, 42, 5) == Texts{"20", "40", "60", "80"});
  CHECK(texts(0, 0, 4) == Texts{"-1", "0", "1"});
}

TEST_CASE("marks reach around all values, are not too many, and differ") {
  constexpr double kMost = std::numeric_limits<double>::max();
  const double values[] = {-kMost, -1e300, -1e9, -12345.678, -1, -1e-7, -5e-324, 0,
                           5e-324, 1e-300, 0.1,  1,          7,  1e6,   1e18,    kMost};
  for (double low : values) {
    for (double high : values) {
      if (high < low) continue;
      for (int most : {3, 5, 12}) {
        CAPTURE(low);
        CAPTURE(high);
        CAPTURE(most);
        std::vector<ValueTick> ticks = value_ticks(low, high, most);
        REQUIRE(ticks.size() >= 2);
        CHECK(ticks.size() <= static_cast<size_t>(most));
        CHECK(ticks.front().at <= low);
        CHECK(ticks.back().at >= high);
        std::set<std::string> different;
        for (size_t i = 0; i < ticks.size(); ++i) {
          if (i > 0) CHECK(ticks[i - 1].at < ticks[i].at);
          different.insert(ticks[i].text);
        }
        CHECK(different.size() == ticks.size());
      }
    }
  }
}

TEST_CASE("times are marked at round ones of the clock or the calendar, with a date where it changes") {
  auto texts_of = [](int64_t start_ms, int64_t end_ms, int most) {
    std::vector<std::string> out;
    for (const TimeTick& tick : time_ticks(start_ms, end_ms, most))
      out.push_back(tick.text + (tick.date.empty() ? "" : " " + tick.date));
    return out;
  };
  using Texts = std::vector<std::string>;
  CHECK(texts_of(kMidnight - kHour - 1, kMidnight + kHour, 5) ==
        Texts{"23:00 2026-01-01", "23:30", "00:00 2026-01-02", "00:30", "01:00"});
  CHECK(texts_of(kMidnight + 1, kMidnight + 60'000, 5) ==
        Texts{"00:00:15 2026-01-02", "00:00:30", "00:00:45", "00:01:00"});
  CHECK(texts_of(kMidnight, kMidnight + 1000, 3) == Texts{"00:00:00.000 2026-01-02", "00:00:00.500", "00:00:01.000"});
  CHECK(texts_of(kMidnight - 2 * kDay, kMidnight + kDay, 4) == Texts{"12-31 2025", "01-01 2026", "01-02", "01-03"});
  CHECK(texts_of(kMidnight, kMidnight, 5) == Texts{"00:00:00.000 2026-01-02"});
  CHECK(texts_of(-kDay, 0, 3) == Texts{"00:00 1969-12-31", "12:00", "00:00 1970-01-01"});
}

TEST_CASE("times are never more than asked for, and within the range") {
  for (int64_t span = 1; span < int64_t{1} << 45; span = span * 3 + 1) {
    for (int most : {1, 2, 12}) {
      const int64_t start = kMidnight - 12'345;
      std::vector<TimeTick> ticks = time_ticks(start, start + span, most);
      CHECK(ticks.size() <= static_cast<size_t>(most));
      for (const TimeTick& tick : ticks) {
        CHECK(tick.at_ms >= start);
        CHECK(tick.at_ms <= start + span);
      }
    }
  }
}
