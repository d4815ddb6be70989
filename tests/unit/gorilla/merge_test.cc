// Merging against the plainest oracle: a map by labels and time, into which the blocks are put in their order.
#include "gorilla/compact/merge.h"

#include <doctest/doctest.h>

#include "test_block.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

namespace {

constexpr int64_t kFrom = 1700000000000, kStepMs = 15000;

struct OracleSample {
  double value = 0;
  int64_t start_ms = 0;
  std::shared_ptr<OwnedHistogram> histogram;  // Null: a float.
};
using OracleSeries = std::map<int64_t, OracleSample>;
using Oracle = std::map<testing::Labels, OracleSeries>;

bool hidden(const std::vector<TimeRange>* ranges, int64_t t) {
  return ranges != nullptr && std::any_of(ranges->begin(), ranges->end(),
                                          [&](const TimeRange& r) { return r.start_ms <= t && t <= r.end_ms; });
}

void put(Oracle& oracle, const TestData& data, const Tombstones& tombstones) {
  uint32_t ordinal = 0;
  for (const auto& [labels, series] : data) {
    const std::vector<TimeRange>* ranges = tombstones.ranges(ordinal++);
    for (size_t i = 0; i < series.timestamps_ms.size(); ++i) {
      const int64_t t = series.timestamps_ms[i];
      const int64_t start = series.start_timestamps_ms.empty() ? 0 : series.start_timestamps_ms[i];
      if (!hidden(ranges, t)) oracle[labels].try_emplace(t, OracleSample{series.values[i], start, nullptr});
    }
    for (const auto& h : series.histograms) {
      if (!hidden(ranges, h->h.timestamp_ms)) oracle[labels].try_emplace(h->h.timestamp_ms, OracleSample{0, 0, h});
    }
  }
}

TestData data_of(const Oracle& oracle) {
  TestData out;
  for (const auto& [labels, samples] : oracle) {
    TestSeries& series = out[labels];
    for (const auto& [t, sample] : samples) {
      if (sample.histogram != nullptr) {
        series.histograms.push_back(sample.histogram);
        continue;
      }
      series.timestamps_ms.push_back(t);
      series.values.push_back(sample.value);
      series.start_timestamps_ms.push_back(sample.start_ms);
    }
  }
  return out;
}

Tombstones some_tombstones(Random& random, size_t series, int64_t from_ms, int64_t span_ms) {
  Tombstones out;
  for (uint32_t ordinal = 0; ordinal < series; ++ordinal) {
    if (random() % 6 != 0) continue;
    int64_t start = from_ms + static_cast<int64_t>(random() % static_cast<uint64_t>(span_ms));
    out.add(ordinal, random() % 5 == 0 ? TimeRange{INT64_MIN, INT64_MAX}  // All of the series.
                                       : TimeRange{start, start + static_cast<int64_t>(random() % 900000)});
  }
  return out;
}

// Generated blocks, as the store would hold them.
struct Sources {
  TestStore store;
  OpenBlocks blocks;
  Oracle oracle;

  void add(uint64_t number, const TestData& data, const Tombstones& tombstones, const BlockOptions& options) {
    auto meta = write_block(*store.bucket, meta_of(number), options, data);
    REQUIRE(meta.ok());
    auto open = std::make_shared<OpenBlock>();
    open->meta = *meta;
    open->block = store.open(*meta).value();
    if (!tombstones.empty()) open->tombstones = std::make_shared<Tombstones>(tombstones);
    blocks.push_back(std::move(open));
    put(oracle, data, tombstones);
  }
};

bool always() { return true; }

}  // namespace

TEST_CASE("merged blocks hold what a map by time would, bit by bit, at every level") {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Sources sources;
    const size_t blocks = 1 + random() % 5;
    for (size_t b = 0; b < blocks; ++b) {
      // Overlapping in time and in series, so that samples, and kinds of samples, meet at the same time.
      const size_t series = 20 + random() % 60, samples = 20 + random() % 300;
      const int64_t from = kFrom + static_cast<int64_t>(random() % 200) * kStepMs + (random() % 3 == 0 ? 7 : 0);
      TestData data = generate(random(), series, samples, from, kStepMs);
      for (auto& entry : data) {
        auto& one = entry.second;
        // A block that has one kind at a time never has the other there.
        std::erase_if(one.histograms, [&](const auto& h) {
          return std::binary_search(one.timestamps_ms.begin(), one.timestamps_ms.end(), h->h.timestamp_ms);
        });
        for (int64_t& start : one.start_timestamps_ms)
          if (random() % 3 == 0) start = 0;  // Unknown.
      }
      std::erase_if(data, [](const auto& entry) {
        return entry.second.timestamps_ms.empty() && entry.second.histograms.empty();
      });
      BlockOptions options = block_options_of_level(static_cast<uint32_t>(random() % 3));
      if (random() % 2 == 0) options.page_bytes = 300;
      if (random() % 2 == 0) options.slice_ms = 600000;
      Tombstones tombstones;
      if (random() % 2 == 0)
        tombstones = some_tombstones(random, data.size(), from, static_cast<int64_t>(samples) * kStepMs);
      sources.add(b + 1, data, tombstones, options);
    }
    const auto level = static_cast<uint32_t>(random() % 3);
    auto merged =
        merge_blocks(sources.blocks, *sources.store.bucket, meta_of(100, level), block_options_of_level(level), always);
    REQUIRE_MESSAGE(merged.ok(), (merged.ok() ? "" : merged.error().message));
    const TestData expected = data_of(sources.oracle);
    REQUIRE(merged->has_value() == !expected.empty());
    auto block = sources.store.open(**merged);
    REQUIRE(block.ok());
    auto different = difference(**block, expected);
    REQUIRE_MESSAGE(different.ok(), (different.ok() ? "" : different.error().message));
    CHECK(*different == "");
    CHECK((*block)->verify().ok());
    CHECK((*merged)->level == level);
    std::vector<Ulid> ids;
    for (const auto& source : sources.blocks) ids.push_back(source->meta.id);
    CHECK((*merged)->sources == ids);
  }
}

TEST_CASE("a merge that is stopped, that finds damage, or of which nothing is left, publishes nothing") {
  Sources sources;
  const TestData data = generate(3, 900, 40, kFrom, kStepMs);
  sources.add(1, data, {}, {});
  auto keys = [&] { return sources.store.bucket->list("").value().size(); };
  SUBCASE("stopped") {
    int asked = 0;
    auto merged = merge_blocks(sources.blocks, *sources.store.bucket, meta_of(9), {}, [&] { return ++asked < 3; });
    REQUIRE(!merged.ok());
    CHECK(merged.error().code == Code::kCancelled);
  }
  SUBCASE("damage") {
    const std::string path = "/store/" + block_key(sources.blocks.front()->meta.id);
    auto file = sources.store.files.open(path, OpenMode::kReadWrite).value();
    const uint64_t middle = file->size().value() / 2;
    uint8_t byte = 0;
    REQUIRE(file->pread(middle, &byte, 1).value() == 1);
    byte = static_cast<uint8_t>(~byte);
    REQUIRE(file->pwrite(middle, &byte, 1).ok());
    auto merged = merge_blocks(sources.blocks, *sources.store.bucket, meta_of(9), {}, always);
    REQUIRE(!merged.ok());
    CHECK(merged.error().code == Code::kDataLoss);
    CHECK(merged.error().message.find(block_key(sources.blocks.front()->meta.id)) != std::string::npos);
  }
  SUBCASE("nothing left") {
    Tombstones all;
    for (uint32_t i = 0; i < data.size(); ++i) all.add(i, {INT64_MIN, INT64_MAX});
    auto hidden_block = std::make_shared<OpenBlock>(*sources.blocks.front());
    hidden_block->tombstones = std::make_shared<Tombstones>(all);
    auto merged = merge_blocks({hidden_block}, *sources.store.bucket, meta_of(9), {}, always);
    REQUIRE(merged.ok());
    CHECK(!merged->has_value());
  }
  CHECK(keys() == 1);
}
