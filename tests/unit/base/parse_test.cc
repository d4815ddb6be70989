#include "base/parse.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace nightlight {
namespace {

TEST_CASE("durations parse as Prometheus parses them") {
  struct {
    const char* text;
    int64_t ms;
  } good[] = {{"0", 0},
              {"0s", 0},
              {"5m", 300000},
              {"1h30m", 5400000},
              {"1500ms", 1500},
              {"1y2w3d4h5m6s7ms", 33'019'506'007},
              {"15d", 15LL * 86400000},
              {"4m30s", 270000}};
  for (auto& c : good) {
    CAPTURE(c.text);
    auto r = parse_duration_ms(c.text);
    REQUIRE(r.ok());
    CHECK(*r == c.ms);
  }
  for (const char* bad :
       {"", "1", "s", "1.5h", "30m1h", "1m1m", "-5m", "5 m", "1x", "99999999999999999999s", "300000000y"}) {
    CAPTURE(bad);
    CHECK(!parse_duration_ms(bad).ok());
  }
  CHECK(*parse_duration_ms("-5m", true) == -300000);
}

TEST_CASE("durations print as Prometheus prints them") {
  struct {
    int64_t ms;
    const char* text;
  } cases[] = {{0, "0s"},           {1, "1ms"},
               {300000, "5m"},      {5400000, "1h30m"},
               {86400000, "1d"},    {7 * 86400000LL, "1w"},
               {90000000, "1d1h"},  {365 * 86400000LL, "1y"},
               {-270000, "-4m30s"}, {8 * 86400000LL, "8d"}};
  for (auto& c : cases) CHECK(format_duration_ms(c.ms) == c.text);
}

TEST_CASE("sizes parse and print") {
  CHECK(*parse_bytes("512MiB") == 512u << 20);
  CHECK(*parse_bytes("10 GB") == 10'000'000'000u);
  CHECK(*parse_bytes("7") == 7);
  CHECK(!parse_bytes("").ok());
  CHECK(!parse_bytes("-1").ok());
  CHECK(!parse_bytes("1.5GiB").ok());
  CHECK(!parse_bytes("99999999999999TiB").ok());
  CHECK(format_bytes(512u << 20) == "512MiB");
  CHECK(format_bytes((7ull << 30) / 2) == "3.5GiB");
  CHECK(format_bytes(12) == "12B");
}

TEST_CASE("doubles print as Prometheus prints sample values, and read back bit-exactly") {
  CHECK(format_double(1) == "1");
  CHECK(format_double(-0.0) == "-0");
  CHECK(format_double(1e-7) == "1e-07");
  CHECK(format_double(0.000001) == "0.000001");
  CHECK(format_double(1e20) == "100000000000000000000");
  CHECK(format_double(123456789012345680.0) == "123456789012345680");
  CHECK(format_double_plain(-1e23) == "-100000000000000000000000");
  CHECK(format_double(-0.0625) == "-0.0625");
  CHECK(format_double(1200) == "1200");
  CHECK(format_double(1e21) == "1e+21");
  CHECK(format_double(std::nan("")) == "NaN");
  CHECK(format_double(-INFINITY) == "-Inf");
  CHECK(format_double_plain(1e-7) == "0.0000001");
  CHECK(format_double_plain(5e-324).size() == 326);
  CHECK(format_double_g(0.00001) == "1e-05");
  CHECK(format_double_g(100000) == "100000");
  CHECK(format_double_g(1000000) == "1e+06");
  CHECK(format_double_g(123456789) == "1.23456789e+08");
  std::mt19937_64 random(7);
  for (int i = 0; i < 100000; ++i) {
    uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, 8);
    if (!std::isfinite(value)) continue;
    std::string text = i % 2 ? format_double(value) : format_double_plain(value);
    double back = std::strtod(text.c_str(), nullptr);
    REQUIRE(std::memcmp(&back, &value, 8) == 0);
  }
}

}  // namespace
}  // namespace nightlight
