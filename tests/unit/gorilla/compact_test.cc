#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

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

TEST_CASE("short blocks of an open window are joined four at a time, and what they become four at a time") {
  std::vector<BlockMeta> blocks;
  uint64_t rewritten = 0;
  for (uint64_t seal = 1; seal <= 100; ++seal) {
    const auto minute = static_cast<int64_t>(seal) * kMinute;
    blocks.push_back(block(seal, 0, minute - kMinute + 1, minute));
    blocks.back().sources = {blocks.back().id};
    for (CompactionPlan plan; !(plan = plan_compaction(blocks, {})).sources.empty();) {
      CAPTURE(seal);
      REQUIRE(plan.sources.size() == 4);
      CHECK(plan.level == 0);
      const auto first = std::find_if(blocks.begin(), blocks.end(),
                                      [&](const BlockMeta& meta) { return meta.id == plan.sources.front(); });
      BlockMeta joined = block(seal * 1000 + blocks.size(), 0, first->min_time_ms, 0);
      for (auto source = first; source != first + 4; ++source) {
        CHECK(source->sources.size() == first->sources.size());
        joined.max_time_ms = source->max_time_ms;
        joined.sources.insert(joined.sources.end(), source->sources.begin(), source->sources.end());
      }
      rewritten += joined.sources.size();
      blocks.insert(blocks.erase(first, first + 4), joined);
    }
    CHECK(compaction_debt(blocks, {}) == 0);
    CHECK(blocks.size() <= 3 + 3 + 6);  // Of 1, 4 and 16 seals: four of these are half of the window.
  }
  std::vector<size_t> seals;
  for (const BlockMeta& meta : blocks) seals.push_back(meta.sources.size());
  CHECK(seals == std::vector<size_t>{16, 16, 16, 16, 16, 16, 4});
  CHECK(rewritten == 100 + 96);
}

TEST_CASE("blocks that are long beside their window wait for its end") {
  auto sealed_every = [](int64_t minutes, size_t count) {
    std::vector<BlockMeta> blocks;
    for (uint64_t seal = 1; seal <= count; ++seal) {
      // With samples that came late.
      const auto end = static_cast<int64_t>(seal) * minutes * kMinute;
      blocks.push_back(block(seal, 0, end - 40 * kMinute, end));
      blocks.back().sources = {blocks.back().id};
    }
    return plan_compaction(blocks, {}).sources;
  };
  CHECK(sealed_every(10, 3).empty());
  CHECK(sealed_every(10, 4) == ids({1, 2, 3, 4}));
  CHECK(sealed_every(11, 10).empty());
  CHECK(sealed_every(20, 5).empty());
}

namespace {

// A block as far as plans see it, and which source answers at each of its minutes.
struct Simulated {
  BlockMeta meta;
  uint64_t first_stored = 0;
  std::map<int64_t, uint64_t> samples;
};

// What a query sees: at each minute the sample of the block that was stored first.
std::map<int64_t, uint64_t> seen(const std::vector<Simulated>& blocks) {
  std::map<int64_t, uint64_t> out;
  for (const Simulated& block : blocks) out.insert(block.samples.begin(), block.samples.end());
  return out;
}

// Seals in a row: mostly what is new, now and then late samples far back or clocks that run ahead.
std::vector<Simulated> sealed_in_a_row(std::mt19937_64& random) {
  std::vector<Simulated> out;
  int64_t now = 0;
  const uint64_t count = 1 + random() % 40;
  for (uint64_t n = 1; n <= count; ++n) {
    now += 20;
    int64_t from = now - 20, to = now;
    if (random() % 4 == 0) from -= static_cast<int64_t>(random() % 300);
    if (random() % 4 == 0) to += static_cast<int64_t>(random() % 200);
    if (random() % 6 == 0) to = from + 1 + static_cast<int64_t>(random() % 20);
    Simulated block{::block(n, 0, from * kMinute, to * kMinute), n, {}};
    block.meta.sources = {block.meta.id};
    for (int64_t t = from; t <= to; ++t)
      if (t == from || t == to || random() % 3 != 0) block.samples[t] = n;
    out.push_back(std::move(block));
  }
  return out;
}

// Replaces the sources of a plan by what they become.
void apply(const CompactionPlan& plan, uint64_t number, std::vector<Simulated>& blocks) {
  Simulated merged;
  std::vector<Simulated> left;
  std::vector<Ulid> seals;
  for (Simulated& block : blocks) {
    if (std::find(plan.sources.begin(), plan.sources.end(), block.meta.id) == plan.sources.end()) {
      left.push_back(std::move(block));
      continue;
    }
    if (merged.samples.empty()) merged.first_stored = block.first_stored;
    merged.samples.insert(block.samples.begin(), block.samples.end());
    seals.insert(seals.end(), block.meta.sources.begin(), block.meta.sources.end());
  }
  merged.meta =
      ::block(number, plan.level, merged.samples.begin()->first * kMinute, merged.samples.rbegin()->first * kMinute);
  merged.meta.sources = std::move(seals);
  left.push_back(std::move(merged));
  std::sort(left.begin(), left.end(),
            [](const Simulated& a, const Simulated& b) { return a.first_stored < b.first_stored; });
  blocks = std::move(left);
}

}  // namespace

TEST_CASE("no plan changes what a query sees, and plans come to an end") {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::vector<Simulated> blocks = sealed_in_a_row(random);
    const auto before = seen(blocks);
    for (uint64_t round = 0;; ++round) {
      REQUIRE(round < 200);
      std::vector<BlockMeta> metas;
      for (const Simulated& block : blocks) metas.push_back(block.meta);
      CompactionPlan plan = plan_compaction(metas, {kHour, 0});
      if (plan.sources.empty()) break;
      apply(plan, 1000 + round, blocks);
      REQUIRE(seen(blocks) == before);
    }
  }
}

TEST_CASE("a worn block is rewritten at its level, once nothing else is due") {
  std::vector<BlockMeta> blocks{block(1, 0, 0, 20 * kMinute), block(2, 0, 20 * kMinute, 40 * kMinute),
                                block(3, 1, 2 * kHour, 4 * kHour - 1), block(4, 0, 4 * kHour, 5 * kHour)};
  const Ulid worn[] = {blocks[2].id}, damaged[] = {blocks[2].id};
  CHECK(plan_compaction(blocks, {}, {}, worn).sources == ids({1, 2}));
  CHECK(compaction_debt(blocks, {}, worn) == 3);
  blocks = {block(2, 1, 0, 40 * kMinute), blocks[2], blocks[3]};
  CompactionPlan plan = plan_compaction(blocks, {}, {}, worn);
  CHECK(plan.sources == ids({3}));
  CHECK(plan.level == 1);
  CHECK(plan_compaction(blocks, {}, damaged, worn).sources.empty());
}
