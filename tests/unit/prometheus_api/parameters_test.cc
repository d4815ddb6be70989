#include "prometheus_api/parameters.h"

#include <doctest/doctest.h>

#include <cmath>

namespace nightlight::prometheus_api {
namespace {

TEST_CASE("times are read as Prometheus reads them") {
  struct {
    const char* text;
    int64_t ms;
  } good[] = {{"0", 0},
              {"0.057", 57},
              {"1.0005", 1000},
              {"-1.5", -1500},
              {"-0.0005", -1},
              {"1700000000.1239", 1700000000124},
              {"1700000000.9996", 1700000001000},
              {"2020-01-01T00:00:00+01:00", 1577833200000},
              {"2020-02-29T12:00:00.123456789Z", 1582977600123},
              {"1969-12-31T23:59:59.999Z", -1},
              {"0x1p4", 16000},
              {"1_0", 10000},
              {"+5", 5000},
              {".5", 500},
              {"5.", 5000},
              {"1e3", 1000000},
              {"-292273086-05-16T16:47:06Z", kMinTimeMs},
              {"292277025-08-18T07:12:54.999999999Z", kMaxTimeMs}};
  for (auto& c : good) {
    CAPTURE(c.text);
    auto time = parse_time(c.text);
    REQUIRE(time.ok());
    CHECK(time->ms == c.ms);
  }
  for (const char* bad :
       {"", "x", "1s", "2020-01-01", "2020-13-01T00:00:00Z", "2021-02-29T00:00:00Z", "2020-01-01T24:00:00Z",
        "2020-01-01T00:00:00", "NaN", "Inf", "1e400", "_1", "1__0", "0x10", "2020-01-01T00:00:00Zx", "- 1"}) {
    CAPTURE(bad);
    CHECK(!parse_time(bad).ok());
  }
  CHECK(parse_time("a\"b").error().message == R"(cannot parse "a\"b" to a valid timestamp)");
}

TEST_CASE("numbers from 1e11 are milliseconds") {
  CHECK(parse_time("1700000000000")->ms == 1700000000000);
  CHECK(parse_time("1700000000000")->milliseconds);
  CHECK(parse_time("99999999999")->ms == 99999999999000);
  CHECK(!parse_time("99999999999")->milliseconds);
  CHECK(*parse_duration_ns("15000", true) == 15'000'000'000);
  CHECK(*parse_duration_ns("15s", true) == 15'000'000'000);
}

TEST_CASE("durations are seconds or Prometheus' durations, with its errors") {
  CHECK(*parse_duration_ns("1.5") == 1'500'000'000);
  CHECK(*parse_duration_ns("1h30m") == 5'400'000'000'000);
  CHECK(*parse_duration_ns("-5") == -5'000'000'000);
  CHECK(parse_duration_ns("-5s").error().message == R"(cannot parse "-5s" to a valid duration)");
  CHECK(parse_duration_ns("NaN").error().message == R"(cannot parse "NaN" to a valid duration. It overflows int64)");
  CHECK(parse_duration_ns("1e30").error().message == R"(cannot parse "1e30" to a valid duration. It overflows int64)");
  CHECK(!parse_duration_ns("9223372036.854775808").ok());
  CHECK(!parse_duration_ns("").ok());
}

TEST_CASE("Go's durations are printed") {
  CHECK(format_go_duration(0) == "0s");
  CHECK(format_go_duration(-5'000'000'000) == "-5s");
  CHECK(format_go_duration(90'500'000'000) == "1m30.5s");
  CHECK(format_go_duration(3'600'000'000'000) == "1h0m0s");
  CHECK(format_go_duration(1'500'000) == "1.5ms");
  CHECK(format_go_duration(1'500) == "1.5\u00b5s");
  CHECK(format_go_duration(7) == "7ns");
}

TEST_CASE("limits are integers from 0 with Go's errors") {
  auto limit = [](const char* query) {
    Form form;
    form.add(query);
    return limit_parameter(form);
  };
  CHECK(*limit("") == 0);
  CHECK(*limit("limit=7") == 7);
  CHECK(limit("limit=x").error().message == R"(invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax)");
  CHECK(limit("limit=99999999999999999999").error().message ==
        R"(invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range)");
  CHECK(limit("limit=-1").error().message == R"(invalid parameter "limit": limit must be non-negative)");
}

TEST_CASE("forms are split and decoded as Go does") {
  Form form;
  form.add("query=a%2Bb+c&match[]=x&match%5B%5D=y&bad=%zz&semi;colon=1&empty&=v");
  CHECK(form.first("query") == "a+b c");
  CHECK(form.all("match[]") == std::vector<std::string_view>{"x", "y"});
  CHECK(form.has("empty"));
  CHECK(form.first("bad") == "");
  CHECK(form.error() == R"(invalid URL escape "%zz")");
  form.add("query=second");
  CHECK(form.first("query") == "a+b c");
  CHECK(form.all("query").size() == 2);
}

TEST_CASE("spans of time saturate") {
  CHECK(nanoseconds_between({0, 5}, {1, 0}) == 999'995);
  CHECK(nanoseconds_between({kMinTimeMs, 0}, {kMaxTimeMs, 0}) == INT64_MAX);
  CHECK(nanoseconds_between({kMaxTimeMs, 0}, {kMinTimeMs, 0}) == INT64_MIN);
}

}  // namespace
}  // namespace nightlight::prometheus_api
