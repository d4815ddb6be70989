#include "gorilla/compact/paced_bucket.h"

#include <doctest/doctest.h>

#include <vector>

#include "gorilla/file/simulated.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

TEST_CASE("tokens come at their rate, and those of one second at most are kept") {
  TokenBucket tokens(1000);
  CHECK(tokens.take(1000, 0) == 0);             // Full at the beginning.
  CHECK(tokens.take(500, 0) == kSecondNs / 2);  // On credit.
  CHECK(tokens.take(250, kSecondNs / 2) == kSecondNs / 4);
  CHECK(tokens.take(1000, 100 * kSecondNs) == 0);          // What was not used is kept for a second,
  CHECK(tokens.take(1000, 100 * kSecondNs) == kSecondNs);  // not for a hundred.
}

TEST_CASE("no rate is no limit, and no size is too large to count") {
  TokenBucket free(0), slow(1);
  CHECK(free.take(UINT64_MAX, 0) == 0);
  CHECK(slow.take(UINT64_MAX, 0) > 0);
  CHECK(slow.take(UINT64_MAX, 0) > 0);
}

TEST_CASE("an upload waits for the tokens of what it appends, and leaves nothing when it is stopped") {
  SimulatedFileSystem files(1);
  auto inner = open_local_bucket(files, "/b").value();
  TokenBucket tokens(100);
  int64_t now = 0;
  std::vector<int64_t> waits;
  bool go_on = true;
  PacedBucket bucket(
      *inner, tokens, [&] { return now; },
      [&](int64_t ns) {
        waits.push_back(ns);
        now += ns;
        return go_on;
      });
  const std::string data(100, 'x');
  {
    auto upload = bucket.put("object", PutCondition::absent()).value();
    REQUIRE(upload->append(data.data(), data.size()).ok());
    CHECK(waits.empty());
    REQUIRE(upload->append(data.data(), data.size()).ok());
    CHECK(waits == std::vector<int64_t>{kSecondNs});
    REQUIRE(upload->append(data.data(), data.size()).ok());
    CHECK(waits == std::vector<int64_t>{kSecondNs, kSecondNs});
    REQUIRE(upload->commit().ok());
  }
  CHECK(inner->get_all("object", 1000).value() == data + data + data);
  go_on = false;
  {
    auto upload = bucket.put("other", PutCondition::absent()).value();
    auto stopped = upload->append(data.data(), data.size());
    REQUIRE(!stopped.ok());
    CHECK(stopped.error().code == Code::kCancelled);
  }
  CHECK(bucket.list("").value() == std::vector<std::string>{"object"});
  CHECK(files.list("/b").value() == std::vector<std::string>{"object"});
}
