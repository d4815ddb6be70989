#include <doctest/doctest.h>

#include "gorilla/compact/plan.h"

using namespace nightlight::gorilla;

namespace {

constexpr int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

BlockMeta block(uint64_t number, uint32_t level, int64_t min_ms, int64_t max_ms) {
  BlockMeta meta;
  meta.id = Ulid::make(static_cast<int64_t>(number), number);
  meta.level = level;
  meta.min_time_ms = min_ms;
  meta.max_time_ms = max_ms;
  return meta;
}

std::vector<Ulid> ids(std::initializer_list<uint64_t> numbers) {
  std::vector<Ulid> out;
  for (uint64_t n : numbers) out.push_back(Ulid::make(static_cast<int64_t>(n), n));
  return out;
}

}  // namespace

TEST_CASE("nothing is compacted while its window goes on") {
  CHECK(plan_compaction({}, {}).sources.empty());
  std::vector<BlockMeta> blocks{block(1, 0, 0, 20 * kMinute), block(2, 0, 20 * kMinute, 40 * kMinute)};
  CHECK(plan_compaction(blocks, {}).sources.empty());
  CHECK(compaction_debt(blocks, {}) == 0);
}

TEST_CASE("a window that is over becomes one block, the oldest first") {
  std::vector<BlockMeta> blocks{block(1, 0, 0, 20 * kMinute), block(2, 0, 20 * kMinute, 100 * kMinute),
                                block(3, 0, 2 * kHour, 3 * kHour), block(4, 0, 3 * kHour, 5 * kHour)};
  CompactionPlan plan = plan_compaction(blocks, {});
  CHECK(plan.sources == ids({1, 2}));
  CHECK(plan.level == 1);
  CHECK(compaction_debt(blocks, {}) == 3);  // And the third alone, for its encoding.
}

TEST_CASE("a block of a window that is compacted already makes it due again") {
  std::vector<BlockMeta> blocks{block(1, 1, 0, 110 * kMinute), block(2, 0, 100 * kMinute, 115 * kMinute),
                                block(3, 0, 2 * kHour, 3 * kHour)};
  CHECK(plan_compaction(blocks, {}).sources == ids({1, 2}));
  const Ulid damaged[] = {blocks[1].id};
  CHECK(plan_compaction(blocks, {}, damaged).sources.empty());
}

TEST_CASE("a block belongs to the window of its newest sample, however old its late ones are") {
  std::vector<BlockMeta> blocks{block(1, 0, 110 * kMinute, 125 * kMinute), block(2, 0, 125 * kMinute, 140 * kMinute)};
  CHECK(plan_compaction(blocks, {}).sources.empty());
}

TEST_CASE("days are made of windows, unless they are kept for less than three") {
  std::vector<BlockMeta> blocks;
  for (uint64_t i = 0; i < 12; ++i)
    blocks.push_back(block(i + 1, 1, static_cast<int64_t>(i) * 2 * kHour, static_cast<int64_t>(i) * 2 * kHour + kHour));
  CHECK(plan_compaction(blocks, {}).sources.empty());
  blocks.push_back(block(20, 0, kDay, kDay + kMinute));
  CompactionPlan plan = plan_compaction(blocks, {});
  CHECK(plan.sources.size() == 12);
  CHECK(plan.level == 2);
  CHECK(plan_compaction(blocks, {2 * kHour, 2 * kDay}).sources.empty());
  CHECK(plan_compaction(blocks, {2 * kHour, 3 * kDay}).sources.size() == 12);
}

TEST_CASE("times before 1970 have windows, too") {
  std::vector<BlockMeta> blocks{block(1, 0, -5 * kHour, -3 * kHour), block(2, 0, -3 * kHour, -1), block(3, 0, 0, 1)};
  CHECK(plan_compaction(blocks, {}).sources == ids({1}));
}

TEST_CASE("many small blocks of an open window are joined") {
  std::vector<BlockMeta> blocks;
  for (uint64_t i = 0; i < 12; ++i)
    blocks.push_back(block(i + 1, 0, static_cast<int64_t>(i) * kMinute, static_cast<int64_t>(i + 1) * kMinute));
  CompactionPlan plan = plan_compaction(blocks, {});
  CHECK(plan.sources.size() == 12);
  CHECK(plan.level == 0);
}
