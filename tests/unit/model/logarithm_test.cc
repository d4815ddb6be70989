#include "model/logarithm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

using namespace nightlight;

// The file holds x, ln x, log2 x, log10 x and 2^(x mod 1000) as Go printed them.
TEST_CASE("logarithms and powers of two have the bits that Go's have") {
  std::ifstream file(NIGHTLIGHT_TEST_DATA "/logarithm_golden.txt");
  REQUIRE(file.is_open());
  int lines = 0;
  std::string words[5];
  while (file >> words[0] >> words[1] >> words[2] >> words[3] >> words[4]) {
    double value[5];
    for (int i = 0; i < 5; ++i) value[i] = std::strtod(words[i].c_str(), nullptr);
    CAPTURE(value[0]);
    CHECK(log_natural(value[0]) == value[1]);
    CHECK(log_base2(value[0]) == value[2]);
    CHECK(log_base10(value[0]) == value[3]);
    CHECK(power_of_two(std::fmod(value[0], 1000)) == value[4]);
    ++lines;
  }
  CHECK(lines > 100);
}

TEST_CASE("logarithms of what has none are infinite or not a number") {
  double infinity = std::numeric_limits<double>::infinity();
  CHECK(log_natural(0) == -infinity);
  CHECK(log_base2(0) == -infinity);
  CHECK(log_base10(infinity) == infinity);
  CHECK(log_base2(infinity) == infinity);
  CHECK(std::isnan(log_natural(-1)));
  CHECK(std::isnan(log_base2(std::nan(""))));
  CHECK(power_of_two(-infinity) == 0);
  CHECK(power_of_two(infinity) == infinity);
  CHECK(power_of_two(-1073) > 0);
}
