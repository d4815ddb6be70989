#include "base/shortest_decimal.h"

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

using namespace nightlight;

namespace {

// "digits e exponent" of the standard library's shortest text.
std::string expected(double value) {
  char text[64];
  const std::string all(text, std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr);
  const size_t e = all.find('e');
  std::string digits = all.substr(0, e);
  int exponent = std::stoi(all.substr(e + 1));
  if (digits.size() > 1) {
    exponent -= static_cast<int>(digits.size()) - 2;
    digits.erase(1, 1);
  }
  for (; digits.back() == '0'; digits.pop_back()) ++exponent;
  return digits + " e " + std::to_string(exponent);
}

std::string found(double value) {
  const Decimal d = shortest_decimal(value);
  return std::to_string(d.digits) + " e " + std::to_string(d.exponent);
}

}  // namespace

TEST_CASE("the shortest decimal is that of the standard library, for doubles of every size") {
  std::mt19937_64 random(20261126);
  int wrong = 0;
  auto check = [&](double value) {
    if (!std::isfinite(value) || value <= 0 || found(value) == expected(value)) return;
    if (wrong++ < 10) FAIL_CHECK(found(value) << " instead of " << expected(value));
  };
  for (int i = 0; i < 300'000; ++i) check(std::bit_cast<double>(random() >> 1));
  // Where the next double below is nearer than the one above, and what is beside.
  for (uint64_t exponent = 0; exponent < 2047; ++exponent)
    for (int64_t beside : {-2, -1, 0, 1, 2, 3})
      check(std::bit_cast<double>((exponent << 52) + static_cast<uint64_t>(beside)));
  for (int i = 0; i < 100'000; ++i) {
    check(static_cast<double>(random() % 10'000'000) / 1000);
    check(static_cast<double>(random() >> 10));
    check(static_cast<double>(random() % 1000) * std::pow(10, static_cast<int>(random() % 40) - 20));
  }
  for (double value : {5e-324, 2.2250738585072014e-308, std::numeric_limits<double>::max(), 9007199254740993.0, 1e23,
                       8.41e21, 9.5e-3, 2e-44, 4.8726570057e288, 5e-320})
    check(value);
  CHECK(wrong == 0);
}
