// Against the obvious: a list of all changes.
#include "gorilla/head/change_log.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace nightlight::gorilla {
namespace {

constexpr int64_t kNewestMs = 1'700'000'000'000;

TEST_CASE("a change log tells the last change at or before a time") {
  std::mt19937_64 random(7);
  ChangeLog log;
  std::vector<int64_t> all;  // From which time on, floored to a second; change k has the count k + 2.
  auto oracle = [&](int64_t until_ms) {
    uint64_t last = 1;
    for (size_t k = 0; k < all.size(); ++k)
      if (all[k] <= until_ms) last = k + 2;
    return last;
  };
  int64_t now_ms = kNewestMs;
  for (int i = 0; i < 3000; ++i) {
    now_ms += static_cast<int64_t>(random() % 3000);
    const int64_t from_ms = random() % 8 == 0 ? now_ms - static_cast<int64_t>(random() % 600'000) : now_ms;
    log.note(from_ms);
    all.push_back(from_ms - from_ms % 1000);
    const int64_t until_ms = now_ms - 300'000 + static_cast<int64_t>(random() % 400'000);
    REQUIRE(log.last_change(until_ms) == oracle(until_ms));
    REQUIRE(log.last_change(INT64_MAX) == all.size() + 1);
  }
  log.note(INT64_MIN);
  CHECK(log.last_change(INT64_MIN) == all.size() + 2);
  CHECK(log.last_change(0) == all.size() + 2);
}

TEST_CASE("a full change log forgets nothing that changed, and is exact for what is recent") {
  ChangeLog log;
  const auto n = static_cast<int64_t>(ChangeLog::kMost * 3);
  for (int64_t k = 0; k < n; ++k) {
    log.note(k * 1000);
    for (int64_t back : {int64_t{0}, int64_t{1}, int64_t{1000}, static_cast<int64_t>(ChangeLog::kMost) * 2}) {
      const int64_t at = std::max<int64_t>(k - back, 0);
      const auto exact = static_cast<uint64_t>(at + 2);
      REQUIRE(log.last_change(at * 1000) >= exact);
      if (back <= 1000) REQUIRE(log.last_change(at * 1000) == exact);
    }
  }
  CHECK(log.last_change(-1) == 1);
}

}  // namespace
}  // namespace nightlight::gorilla
