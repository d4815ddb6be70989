#include "ctl/values.h"

#include <doctest/doctest.h>

#include <cmath>

namespace nightlight::ctl {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

TEST_CASE("durations are units or seconds") {
  CHECK(parse_duration_ms("15") == 15'000);
  CHECK(parse_duration_ms("0.25") == 250);
  CHECK(parse_duration_ms("1h30m") == 5'400'000);
  CHECK(parse_duration_ms("250ms") == 250);
  CHECK(parse_duration_ms("1y") == 365LL * 86'400'000);
  for (const char* bad : {"", "m", "1x", "1h x", "99999999999999999999s", "9999999999y", "nan", "1h-1m"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration_ms(bad).has_value());
  }
}

TEST_CASE("times are relative, Unix seconds or RFC 3339") {
  CHECK(parse_time_ms("now", kNow) == kNow);
  CHECK(parse_time_ms("now-1h", kNow) == kNow - 3'600'000);
  CHECK(parse_time_ms("now+5m", kNow) == kNow + 300'000);
  CHECK(parse_time_ms("1700000000.5", 0) == 1'700'000'000'500);
  CHECK(parse_time_ms("2023-11-14T22:13:20Z", 0) == kNow);
  CHECK(parse_time_ms("2023-11-14T23:13:20.125+01:00", 0) == kNow + 125);
  CHECK(parse_time_ms("1969-12-31T23:59:59Z", 0) == -1000);
  for (const char* bad : {"", "now-", "now1h", "yesterday", "2023-02-30T00:00:00Z", "2023-11-14T24:00:00Z",
                          "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx", "inf"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_time_ms(bad, kNow).has_value());
  }
}

TEST_CASE("times print as they are read") {
  for (int64_t time_ms : {int64_t{0}, kNow, kNow + 7, int64_t{-1}, int64_t{951'782'400'000}}) {
    CHECK(parse_time_ms(format_time(time_ms), 0) == time_ms);
    CHECK(parse_time_ms(format_seconds(time_ms), 0) == time_ms);
  }
  CHECK(format_time(kNow + 7) == "2023-11-14T22:13:20.007Z");
  CHECK(format_seconds(-1) == "-0.001");
}

TEST_CASE("values print as Prometheus prints them, and are read as Go reads them") {
  CHECK(format_value(1.5) == "1.5");
  CHECK(format_value(-0.0) == "-0");
  CHECK(format_value(1e21) == "1e+21");
  CHECK(format_value(123456789012345680000.0) == "123456789012345680000");
  CHECK(format_value(-9007199254740994.0) == "-9007199254740994");
  CHECK(format_value(1e20) == "100000000000000000000");
  CHECK(format_value(1e-7) == "1e-07");
  CHECK(format_value(NAN) == "NaN");
  CHECK(format_value(-INFINITY) == "-Inf");
  CHECK(parse_value("+Inf") == INFINITY);
  CHECK(parse_value("-inf") == -INFINITY);
  CHECK(parse_value("1e3") == 1000);
  CHECK(parse_value("+1") == 1);
  CHECK(std::isnan(parse_value("NaN").value_or(0)));
  for (const char* bad : {"", "+", "--1", "+-1", "1x", "nan(1)", "1 2"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_value(bad).has_value());
  }
}

}  // namespace
}  // namespace nightlight::ctl
