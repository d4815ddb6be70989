// Replay reads in one thread and hands out in another: the order, what is refused, and what ends it early.
#include <doctest/doctest.h>

#include <numeric>
#include <set>
#include <stdexcept>

#include "gorilla/file/simulated.h"
#include "gorilla/log/wal.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

// A log of these batches, of which the last `unsynced` are not known to be durable.
struct WrittenLog {
  WrittenLog(uint64_t batches, size_t samples, uint64_t unsynced) {
    std::unique_ptr<Wal> wal = open();
    REQUIRE(wal->replay(0, [](uint64_t, const LogBatch&) -> Result<void> { return {}; }).ok());
    for (uint64_t number = 1; number <= batches; ++number) {
      LogBatch batch;
      for (size_t i = 0; i < samples; ++i) {
        batch.sample_series.push_back(static_cast<uint32_t>(i));
        batch.timestamps_ms.push_back(static_cast<int64_t>(number));
        batch.value_bits.push_back(number * 1'000'003 * i);
      }
      wal->append(batch);
      if (number == batches - unsynced) REQUIRE(wal->wait(number).ok());
    }
    REQUIRE(wal->wait(batches).ok());
    files.halt_at(1);
    wal.reset();
    files.go_on();
  }

  std::unique_ptr<Wal> open() {
    WalOptions options;
    options.directory = "data/wal";
    options.segment_bytes = 1 << 20;
    auto wal = Wal::open(files, options);
    REQUIRE(wal.ok());
    return std::move(*wal);
  }

  SimulatedFileSystem files{1};
};

using Each = std::function<Result<void>(uint64_t, const LogBatch&)>;

}  // namespace

TEST_CASE("batches are handed out in their order, however many are on their way") {
  for (size_t samples : {size_t{1}, size_t{100}, size_t{200'000}}) {
    const uint64_t batches = samples > 100'000 ? 12 : 500;
    WrittenLog log(batches, samples, 0);
    uint64_t next = 1, read = 0;
    auto done = log.open()->replay(0, [&](uint64_t position, const LogBatch& batch) -> Result<void> {
      REQUIRE(position == next);
      REQUIRE(batch.sample_series.size() == samples);
      REQUIRE(batch.value_bits.back() == next * 1'000'003 * (samples - 1));
      ++next;
      read += batch.sample_series.size();
      return {};
    });
    REQUIRE(done.ok());
    CHECK(next == batches + 1);
    CHECK(done->records == batches);
    CHECK(done->samples == read);
  }
}

TEST_CASE("a batch that is refused counts as damaged, and is not written again") {
  WrittenLog log(10, 3, 4);
  auto replay = [&](const std::set<uint64_t>& refused) {
    std::vector<int64_t> numbers;
    auto done = log.open()->replay(0, [&](uint64_t, const LogBatch& batch) -> Result<void> {
      const int64_t number = batch.timestamps_ms.front();
      if (refused.contains(static_cast<uint64_t>(number))) return Error{Code::kDataLoss, "not this one"};
      numbers.push_back(number);
      return {};
    });
    REQUIRE(done.ok());
    return std::pair(numbers, *done);
  };
  const auto [first, stats] = replay({2, 9});
  CHECK(first == std::vector<int64_t>{1, 3, 4, 5, 6, 7, 8, 10});
  CHECK(stats.damaged_records == 2);
  CHECK(stats.records == 8);
  CHECK(stats.rewritten_records == 3);
}

TEST_CASE("a replay that its caller ends early ends") {
  WrittenLog log(500, 10, 0);
  SUBCASE("with an error") {
    uint64_t taken = 0;
    auto done = log.open()->replay(0, [&](uint64_t, const LogBatch&) -> Result<void> {
      if (++taken == 3) return Error{Code::kCancelled, "enough"};
      return {};
    });
    REQUIRE(!done.ok());
    CHECK(done.error().message == "enough");
    CHECK(taken == 3);
  }
  SUBCASE("with an exception") {
    auto wal = log.open();
    const Each each = [](uint64_t, const LogBatch&) -> Result<void> { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH((void)wal->replay(0, each), "enough");
  }
}
