#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "gorilla/block/block_file.h"
#include "gorilla/block/page_cache.h"
#include "gorilla/block/postings.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/offline/salvage.h"
#include "model/matcher.h"
#include "test_block.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

namespace {

constexpr int64_t kStart = 1700000000000;

std::vector<BlockOptions> all_options() {
  BlockOptions level0, day = block_options_of_level(2), gorilla, tiny;
  gorilla.gorilla_only = true;
  tiny.page_bytes = 200;
  tiny.slice_ms = 60000;
  return {level0, day, gorilla, tiny};
}

std::string value_of(const Labels& labels, const std::string& name) {
  auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("a block gives back every label and every bit of what was written") {
  TestData data = generate(1, 300, 500, kStart, 15000);
  uint64_t number = 0;
  for (const BlockOptions& options : all_options()) {
    CAPTURE(number);
    TestStore store;
    auto meta = write_block(*store.bucket, meta_of(++number), options, data);
    REQUIRE(meta.ok());
    auto block = store.open(*meta);
    REQUIRE_MESSAGE(block.ok(), (block.ok() ? "" : block.error().message));
    CHECK((*block)->meta() == *meta);
    auto different = difference(**block, data);
    REQUIRE_MESSAGE(different.ok(), (different.ok() ? "" : different.error().message));
    CHECK(*different == "");
    auto verified = (*block)->verify();
    CHECK_MESSAGE(verified.ok(), (verified.ok() ? "" : verified.error().message));
  }
}

TEST_CASE("meta counts what is inside") {
  TestData data = generate(2, 60, 40, kStart, 1000);
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1), BlockOptions(), data);
  REQUIRE(meta.ok());
  uint64_t floats = 0, histograms = 0;
  int64_t min = INT64_MAX, max = INT64_MIN;
  for (const auto& [labels, series] : data) {
    floats += series.values.size();
    histograms += series.histograms.size();
    for (int64_t t : series.timestamps_ms) min = std::min(min, t), max = std::max(max, t);
    for (const auto& h : series.histograms)
      min = std::min(min, h->h.timestamp_ms), max = std::max(max, h->h.timestamp_ms);
  }
  CHECK(meta->stats.series == data.size());
  CHECK(meta->stats.float_samples == floats);
  CHECK(meta->stats.histogram_samples == histograms);
  CHECK(meta->min_time_ms == min);
  CHECK(meta->max_time_ms == max);
  CHECK(meta->sources == std::vector<Ulid>{meta->id});
}

TEST_CASE("blocks with the same label sets have the same fingerprint, others another") {
  uint64_t number = 0;
  auto fingerprint = [&](const TestData& data) {
    TestStore store;
    auto meta = write_block(*store.bucket, meta_of(++number), BlockOptions(), data);
    REQUIRE(meta.ok());
    auto block = store.open(*meta);
    REQUIRE(block.ok());
    REQUIRE((*block)->label_fingerprint());
    return *(*block)->label_fingerprint();
  };
  const TestData data = generate(2, 300, 20, kStart, 1000);
  const LabelFingerprint expected = fingerprint(data);
  TestData later = generate(9, 300, 30, kStart + 7'200'000, 1000), changed = data, fewer = data;
  // The same series with other samples.
  TestData same;
  for (auto at = later.begin(); const auto& [labels, series] : data) {
    same.emplace(labels, at->second);
    ++at;
  }
  CHECK(fingerprint(same) == expected);
  auto middle = std::next(changed.begin(), 100);
  Labels labels = middle->first;
  labels.begin()->second += "x";
  changed.emplace(labels, middle->second);
  changed.erase(middle);
  CHECK(fingerprint(changed) != expected);
  fewer.erase(std::prev(fewer.end()));
  CHECK(fingerprint(fewer) != expected);
}

TEST_CASE("a block whose fingerprint is damaged loses nothing else, and its check tells") {
  const TestData data = generate(2, 300, 20, kStart, 1000);
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1), BlockOptions(), data);
  REQUIRE(meta.ok());
  PageCache cache(1 << 20);
  auto object = [&] { return store.bucket->open(block_key(meta->id)).value(); };
  const PageRef page = (*BlockFile::open(object(), cache))->sections().at(SectionType::kLabelFingerprint);
  REQUIRE(
      store.files.damage("/store/" + block_key(meta->id), [&](std::string& b) { b[page.offset + page.size - 1] ^= 1; })
          .ok());
  auto block = store.open(*meta);
  REQUIRE(block.ok());
  CHECK(!(*block)->label_fingerprint());
  CHECK(difference(**block, data).value() == "");
  CHECK((*block)->verify().error().code == Code::kDataLoss);
  auto salvage = salvage_block(object(), *meta, meta_of(2).id, {}, *store.bucket);
  REQUIRE(salvage.ok());
  REQUIRE(salvage->block);
  auto made = store.open(*salvage->block);
  REQUIRE(made.ok());
  CHECK(difference(**made, data).value() == "");
  CHECK((*made)->verify().ok());
}

TEST_CASE("a cursor reads exactly the samples of its range, in any order of series") {
  TestData data = generate(3, 80, 400, kStart, 15000);
  TestStore store;
  BlockOptions options;
  options.slice_ms = 20 * 60 * 1000;
  options.page_bytes = 2000;
  auto meta = write_block(*store.bucket, meta_of(1), options, data);
  REQUIRE(meta.ok());
  auto block = store.open(*meta).value();
  std::vector<const TestSeries*> by_ordinal;
  for (const auto& [labels, series] : data) by_ordinal.push_back(&series);
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    int64_t start = kStart + static_cast<int64_t>(random() % 7000000) - 500000;
    int64_t end = start + static_cast<int64_t>(random() % 3000000);
    auto cursor = block->cursor(start, end);
    for (int i = 0; i < 20; ++i) {
      auto ordinal = static_cast<uint32_t>(random() % by_ordinal.size());
      SampleColumns samples;
      REQUIRE(cursor->read(ordinal, &samples).ok());
      CHECK(same_samples(*by_ordinal[ordinal], samples, start, end));
    }
  }
}

TEST_CASE("chunks of equal columns have equal timestamps, and most series share one") {
  TestData data = generate(4, 200, 1200, kStart, 15000);
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1), BlockOptions(), data);
  REQUIRE(meta.ok());
  auto block = store.open(*meta).value();
  auto cursor = block->cursor(kStart + 100000, kStart + 17000000);
  std::map<uint32_t, std::vector<int64_t>> by_column;
  std::vector<ChunkSamples> chunks;
  std::vector<const Histogram*> histograms;
  SampleArena arena;
  size_t shared = 0;
  for (uint32_t ordinal = 0; ordinal < block->series_count(); ++ordinal) {
    chunks.clear();
    REQUIRE(cursor->read(ordinal, arena, chunks, histograms).ok());
    for (const ChunkSamples& chunk : chunks) {
      std::vector<int64_t> timestamps(chunk.timestamps_ms.begin(), chunk.timestamps_ms.end());
      auto [entry, fresh] = by_column.try_emplace(chunk.column, timestamps);
      CHECK(entry->second == timestamps);
      shared += fresh ? 0 : 1;
    }
  }
  CHECK(shared > 120);
}

TEST_CASE("matchers select what testing every label set selects") {
  TestData data = generate(5, 400, 3, kStart, 15000);
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1), BlockOptions(), data);
  REQUIRE(meta.ok());
  auto block = store.open(*meta).value();
  struct Case {
    MatchOp op;
    const char *name, *value;
  };
  std::vector<Case> cases{
      {MatchOp::kEqual, "__name__", "metric_3"},
      {MatchOp::kEqual, "__name__", "nothing"},
      {MatchOp::kEqual, "absent", "x"},
      {MatchOp::kEqual, "absent", ""},
      {MatchOp::kEqual, "only_some", ""},
      {MatchOp::kNotEqual, "only_some", ""},
      {MatchOp::kNotEqual, "only_some", "x"},
      {MatchOp::kNotEqual, "Zone", "a"},
      {MatchOp::kRegex, "instance", "host-[2-4].*"},
      {MatchOp::kRegex, "instance", "host-1:9100|host-2:9100"},
      {MatchOp::kRegex, "instance", "host-1.*"},
      {MatchOp::kRegex, "Zone", ".*"},
      {MatchOp::kRegex, "Zone", ".+"},
      {MatchOp::kNotRegex, "Zone", ".+"},
      {MatchOp::kNotRegex, "Zone", ".*"},
      {MatchOp::kRegex, "Zone", "a|"},
      {MatchOp::kNotRegex, "number", "1.*"},
      {MatchOp::kNotRegex, "number", "(1|2)[0-9]?"},
      {MatchOp::kRegex, "number", ".*7"},
      {MatchOp::kNotRegex, "Zone", "a|"},
      {MatchOp::kNotEqual, "absent", "x"},
      {MatchOp::kNotEqual, "absent", ""},
      {MatchOp::kRegex, "absent", "x?"},
      {MatchOp::kNotRegex, "Zone", "b?"},
  };
  Random random(2);
  for (size_t round = 0; round < cases.size() + 300; ++round) {
    std::vector<LabelMatcher> matchers;
    size_t count = round < cases.size() ? 1 : 1 + random() % 3;
    for (size_t i = 0; i < count; ++i) {
      const Case& c = cases[round < cases.size() ? round : random() % cases.size()];
      matchers.push_back(LabelMatcher::compile(c.op, c.name, c.value).value());
    }
    std::vector<uint32_t> expected;
    uint32_t ordinal = 0;
    for (const auto& entry : data) {
      bool all = std::all_of(matchers.begin(), matchers.end(),
                             [&](const LabelMatcher& m) { return m.matches(value_of(entry.first, m.name())); });
      if (all) expected.push_back(ordinal);
      ++ordinal;
    }
    CAPTURE(round);
    CHECK(block->select(matchers).value() == expected);
  }
}

TEST_CASE("postings are counted as they are read, and damaged ones are not") {
  Random random(9);
  for (int round = 0; round < 200; ++round) {
    const auto size = static_cast<uint32_t>(1 + random() % 500);
    std::vector<uint32_t> in;
    for (uint32_t ordinal = 0; ordinal < size; ++ordinal)
      if (random() % (1 + static_cast<uint64_t>(round) % 9) != 1) in.push_back(ordinal);
    Bytes bytes;
    put_postings(in, bytes);
    OrdinalSet set(size);
    REQUIRE(set.add_postings(bytes));
    CHECK(set.to_vector() == in);
    CHECK(count_postings(bytes, size) == in.size());
    // Beyond the last series, cut off, any bytes: both say the same.
    for (uint32_t fewer : {size - 1, size / 2}) {
      OrdinalSet small(fewer);
      CHECK(small.add_postings(bytes) == count_postings(bytes, fewer).has_value());
    }
    if (!in.empty()) CHECK(!count_postings(ByteView(bytes).first(bytes.size() - 1), size));
    if (!in.empty()) CHECK(!count_postings(bytes, in.back()));
  }
}

TEST_CASE("a block with postings inlined and apart is sound") {
  for (size_t series : {40, 4000}) {
    CAPTURE(series);
    TestData data;
    // Every other series has the label, so that its postings are runs of one.
    for (size_t s = 0; s < series; ++s) {
      Labels labels{{"__name__", "m"}, {"number", std::to_string(10000 + s)}};
      if (s % 2 == 0) labels["odd"] = "no";
      data[labels] = {{kStart}, {1.0}, {}, {}};
    }
    TestStore store;
    auto meta = write_block(*store.bucket, meta_of(1), BlockOptions(), data);
    REQUIRE(meta.ok());
    auto block = store.open(*meta);
    REQUIRE(block.ok());
    auto verified = (*block)->verify();
    CHECK_MESSAGE(verified.ok(), (verified.ok() ? "" : verified.error().message));
  }
}

TEST_CASE("names, values and their counts are those of the label sets") {
  TestData data = generate(6, 500, 2, kStart, 15000);
  TestStore store;
  BlockOptions options;
  auto meta = write_block(*store.bucket, meta_of(1), options, data);
  REQUIRE(meta.ok());
  auto block = store.open(*meta).value();
  std::set<std::string> names;
  std::map<std::string, std::map<std::string, uint64_t>> values;
  std::vector<uint32_t> some;
  std::set<std::string> some_names, some_numbers;
  uint32_t ordinal = 0;
  for (const auto& [labels, series] : data) {
    for (const auto& [name, value] : labels) {
      names.insert(name);
      ++values[name][value];
      if (ordinal % 37 == 5) some_names.insert(name);
    }
    if (ordinal % 37 == 5) {
      some.push_back(ordinal);
      some_numbers.insert(labels.at("number"));
    }
    ++ordinal;
  }
  CHECK(block->label_names().value() == std::vector<std::string>(names.begin(), names.end()));
  CHECK(block->label_names(&some).value() == std::vector<std::string>(some_names.begin(), some_names.end()));
  CHECK(block->label_values("number", &some).value() ==
        std::vector<std::string>(some_numbers.begin(), some_numbers.end()));
  CHECK(block->label_values("absent").value().empty());
  for (const auto& [name, expected] : values) {
    std::map<std::string, uint64_t> counted;
    REQUIRE(block->value_counts(name, [&](std::string_view v, uint64_t n) { counted[std::string(v)] = n; }).ok());
    CHECK(counted == expected);
    CHECK(block->label_values(name).value().size() == expected.size());
  }
}

TEST_CASE("the writer refuses series and samples out of order, and leaves nothing behind") {
  TestStore store;
  auto writer = BlockWriter::create(*store.bucket, meta_of(1), BlockOptions()).value();
  std::vector<LabelView> b{{"a", "b"}}, a{{"a", "a"}}, unsorted{{"z", "1"}, {"a", "1"}}, longer{{"a", "b"}, {"c", "d"}};
  std::vector<int64_t> times{1, 2}, same{1, 1};
  std::vector<double> values{1, 2};
  auto in = [&](const std::vector<LabelView>& labels, const std::vector<int64_t>& t) {
    SeriesInput series;
    series.labels = labels;
    series.timestamps_ms = t;
    series.values = values;
    return series;
  };
  CHECK(writer->add(in(b, times)).ok());
  CHECK(writer->add(in(a, times)).error().code == Code::kInvalidArgument);
  CHECK(writer->add(in(b, times)).error().code == Code::kInvalidArgument);
  CHECK(writer->add(in(unsorted, times)).error().code == Code::kInvalidArgument);
  CHECK(writer->add(in(longer, same)).error().code == Code::kInvalidArgument);
  CHECK(writer->add(in(longer, times)).ok());
  CHECK(writer->series_count() == 2);
  writer.reset();
  CHECK(store.bucket->list("").value().empty());
  CHECK(store.files.list("/store").value().empty());
}

TEST_CASE("tombstones join, survive encoding, and subtract") {
  Tombstones tombstones;
  tombstones.add(3, {10, 20});
  tombstones.add(3, {30, 40});
  tombstones.add(3, {21, 25});
  tombstones.add(7, {INT64_MIN, INT64_MAX});
  tombstones.add(9, {5, 4});
  CHECK(*tombstones.ranges(3) == std::vector<TimeRange>{{10, 25}, {30, 40}});
  CHECK(tombstones.ranges(9) == nullptr);
  auto decoded = Tombstones::decode(tombstones.encode());
  REQUIRE(decoded.ok());
  CHECK(decoded->series() == tombstones.series());
  SampleColumns samples;
  samples.timestamps_ms = {9, 10, 25, 26, 29, 30, 41};
  samples.values = {9, 10, 25, 26, 29, 30, 41};
  subtract(*tombstones.ranges(3), &samples);
  CHECK(samples.values == UninitialisedVector<double>{9, 26, 29, 41});
  std::string bytes = tombstones.encode();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    CHECK(!Tombstones::decode(flipped).ok());
  }
}

namespace {

class SizedPage final : public CachedPage {
 public:
  size_t memory_bytes() const override { return 1000; }
};

}  // namespace

TEST_CASE("a page cache that is resized holds what fits, and more when it has grown") {
  PageCache cache(640 << 10);
  const uint64_t owner = cache.new_owner();
  auto fill = [&](uint64_t from, uint64_t to) {
    for (uint64_t at = from; at < to; ++at) cache.insert(owner, at, std::make_shared<SizedPage>());
  };
  fill(0, 1000);
  CHECK(cache.stats().size_bytes <= 640 << 10);
  CHECK(cache.stats().size_bytes > 320 << 10);
  cache.resize(2560 << 10);
  fill(1000, 5000);
  CHECK(cache.stats().size_bytes <= 2560 << 10);
  CHECK(cache.stats().size_bytes > 1280 << 10);
  cache.resize(640 << 10);
  CHECK(cache.stats().size_bytes <= 640 << 10);
  CHECK(cache.stats().capacity_bytes == 640 << 10);
  uint64_t found = 0;
  for (uint64_t at = 0; at < 5000; ++at) found += cache.find(owner, at) != nullptr ? 1 : 0;
  CHECK(found == cache.stats().pages);
}
