#include "gorilla/head/head.h"

#include <doctest/doctest.h>

#include <bit>
#include <map>
#include <numeric>
#include <set>

#include "fixtures.h"
#include "gorilla/select/series_set.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;

struct Written {
  Result<uint64_t> position;
  AppendResult result;
  std::vector<Rejections::One> rejected;
};

Written write(Head& head, IngestLog& log, BatchBuilder& builder, uint32_t flags = 0) {
  Rejections rejections;
  AppendResult result{};
  result.rejections = &rejections;
  auto position = head.append(builder.batch(flags), result, log, kNow);
  return {std::move(position), result, rejections.all};
}

using Points = std::vector<std::pair<int64_t, double>>;

std::string text_of(SeriesSet& set, uint64_t i) {
  std::string out;
  for (LabelRef l : set.labels(i))
    out += std::string(view(set.symbols()[l.name])) + "=" + std::string(view(set.symbols()[l.value])) + ",";
  return out;
}

std::map<std::string, Points> read(const Head& head,
                                   std::vector<std::pair<MatchOp, std::pair<std::string, std::string>>> matchers,
                                   int64_t start = INT64_MIN, int64_t end = INT64_MAX) {
  static QuietHost host;
  std::vector<LabelMatcher> compiled;
  for (auto& [op, nv] : matchers) compiled.push_back(std::move(*LabelMatcher::compile(op, nv.first, nv.second)));
  auto* set = new GorillaSeriesSet(head, &host, start, end);
  set->add_head(compiled);
  set->finish(true, 0);
  std::map<std::string, Points> out;
  SeriesCursor* cursor = nullptr;
  REQUIRE(set->open(0, set->size(), &cursor).ok());
  SeriesBatch batch{};
  while (cursor->next(&batch).ok() && batch.series.size > 0)
    for (const SeriesSamples* s : batch.series)
      for (uint64_t i = 0; i < s->timestamps_ms.size; ++i)
        out[text_of(*set, s->series)].emplace_back(s->timestamps_ms[i], s->values[i]);
  cursor->release();
  set->release();
  return out;
}

}  // namespace

TEST_CASE("what was written is read back, by matchers and by time") {
  Head head({});
  MemoryLog log;
  BatchBuilder b;
  b.series({{"__name__", "up"}, {"job", "a"}}, {{kNow - 2000, 1}, {kNow - 1000, 0}});
  b.series({{"__name__", "up"}, {"job", "b"}}, {{kNow - 1000, 5}});
  Written w = write(head, log, b);
  REQUIRE(w.position.ok());
  CHECK(w.result.samples_written == 3);
  auto all = read(head, {{MatchOp::kEqual, {"__name__", "up"}}});
  CHECK(all.size() == 2);
  CHECK(all["__name__=up,job=a,"] == Points{{kNow - 2000, 1}, {kNow - 1000, 0}});
  CHECK(read(head, {{MatchOp::kNotRegex, {"job", "a|c"}}}).size() == 1);
  CHECK(read(head, {{MatchOp::kEqual, {"job", "a"}}}, kNow - 1500, kNow)["__name__=up,job=a,"] ==
        Points{{kNow - 1000, 0}});
  CHECK(read(head, {{MatchOp::kEqual, {"job", "a"}}}, kNow, kNow + 5).empty());
}

TEST_CASE("a sender's key finds the series again, and a stale reference is told") {
  Head head({});
  MemoryLog log;
  BatchBuilder first;
  first.series({{"a", "b"}}, {{kNow, 1}});
  REQUIRE(write(head, log, first).position.ok());
  std::vector<Str> keys(first.batch().keys.begin(), first.batch().keys.end());
  keys.push_back(str("unknown"));
  uint64_t refs[2];
  head.resolve(view_of(keys), refs);
  CHECK(refs[0] != 0);
  CHECK(refs[1] == 0);
  BatchBuilder second;
  second.series({}, {{kNow + 1, 2}}, {}, refs[0]);
  REQUIRE(write(head, log, second).position.ok());
  CHECK(read(head, {})["a=b,"].size() == 2);
  BatchBuilder stale;
  stale.series({}, {{kNow + 2, 2}}, {}, refs[0] + (uint64_t{1} << 32));
  CHECK(write(head, log, stale).position.error().code == Code::kAborted);
}

TEST_CASE("keys are found in the order of their sender, in any other, and after some are new") {
  constexpr uint32_t kKeys = 10'000;  // Several pieces of entries.
  SenderKeys keys;
  // The same tag for several keys: what the table finds first may be another one.
  auto hash = [](uint64_t i) { return SenderKeys::Hash{(i / 4) << 33 | (i % 4), i * 3}; };
  for (uint32_t i = 0; i < kKeys; ++i) keys.add(hash(i), 2 * i);
  auto found = [&](SenderKeys::Search& search, const std::vector<uint64_t>& order) {
    std::vector<SenderKeys::Hash> hashes;
    for (uint64_t i : order) hashes.push_back(hash(i));
    std::vector<uint32_t> ids(order.size());
    search.find(hashes, ids.data());
    for (size_t i = 0; i < order.size(); ++i)
      if (ids[i] != (order[i] < kKeys ? 2 * order[i] : kNoId)) return false;
    return true;
  };
  SenderKeys::Search search(keys);
  std::vector<uint64_t> order(kKeys + 5);
  std::iota(order.begin(), order.end(), 0);
  CHECK(found(search, order));
  for (uint64_t& i : order) i = i * 7919 % (kKeys + 5);
  CHECK(found(search, order));
  CHECK(found(search, order));  // Fetched ahead by now.
  CHECK(found(search, {5, 6, kKeys + 1, 7, 9, 10}));
  CHECK(keys.find(hash(kKeys - 1)) == 2 * (kKeys - 1));
  keys.clear();
  CHECK(found(search, {kKeys, kKeys + 1}));
  CHECK(keys.find(hash(0)) == kNoId);
}

TEST_CASE("ids that a log leaves out are given to new series, each once, and those that it takes later are not") {
  SeriesIndex index(1);
  auto labels = [](const std::string& text) { return LabelPair{str("a"), str(text)}; };
  auto add_at = [&](uint32_t id) {
    const std::string text = "there " + std::to_string(id);
    const LabelPair pairs[] = {labels(text)};
    index.add_at(id, pairs);
  };
  add_at(9);
  for (uint32_t id : {7, 2, 3}) add_at(id);
  index.remove(3);
  index.remove(2);
  add_at(2);
  std::set<uint32_t> given;
  for (int i = 0; i < 8; ++i) {
    const std::string text = "new " + std::to_string(i);
    const LabelPair pairs[] = {labels(text)};
    const SeriesIndex::Found found = index.find_or_add(pairs);
    CHECK(found.created);
    CHECK(given.insert(found.id).second);
  }
  CHECK(given == std::set<uint32_t>{0, 1, 3, 4, 5, 6, 8, 10});
  CHECK(index.size() == 11);
  CHECK(index.id_end() == 11);
}

TEST_CASE("samples are refused with Prometheus' words") {
  HeadOptions options;
  SUBCASE("without an out-of-order window") {
    Head head(options);
    MemoryLog log;
    BatchBuilder b;
    b.series({{"a", "1"}}, {{kNow, 1}});
    CHECK(write(head, log, b).rejected.empty());
    BatchBuilder bad;
    bad.series({{"a", "1"}}, {{kNow, 2.5}});
    bad.series({{"a", "2"}}, {{kNow - 3600'001, 1}});
    bad.series({{"a", "3"}}, {{kNow + 600'001, 1}});
    bad.series({{"a", "4"}}, {{kNow - 1, 1}, {kNow - 2, 1}, {kNow - 1, 1}});
    Written w = write(head, log, bad);
    REQUIRE(w.rejected.size() == 4);
    CHECK(w.rejected[0].text ==
          "duplicate sample for timestamp 1700000000000; overrides not allowed: existing 1, new value 2.5");
    CHECK(w.rejected[1].text == "out of bounds");
    CHECK(w.rejected[2].text == "out of bounds: timestamp is too far in the future");
    CHECK(w.rejected[3].text == "out of order sample");
    CHECK(w.result.samples_written == 2);  // One of them an exact repetition.
  }
  SUBCASE("with an out-of-order window") {
    options.out_of_order_window_ms = 60'000;
    Head head(options);
    MemoryLog log;
    BatchBuilder b;
    b.series({{"a", "1"}}, {{kNow, 1}, {kNow - 1000, 7}, {kNow - 60'000, 3}, {kNow - 1000, 8}});
    CHECK(write(head, log, b).rejected.empty());  // The first batch has no newest time to compare with.
    BatchBuilder late;
    late.series({{"a", "1"}}, {{kNow - 60'001, 1}, {kNow - 30'000, 4}});
    Written w = write(head, log, late);
    REQUIRE(w.rejected.size() == 1);
    CHECK(w.rejected[0].text == "too old sample");
    CHECK(read(head, {})["a=1,"] == Points{{kNow - 60'000, 3}, {kNow - 30'000, 4}, {kNow - 1000, 7}, {kNow, 1}});
  }
}

TEST_CASE("all or nothing leaves nothing, even when one series occurs twice") {
  Head head({});
  MemoryLog log;
  BatchBuilder b;
  b.series({{"a", "1"}}, {{kNow, 1}});
  b.series({{"a", "1"}}, {{kNow - 1, 1}});
  REQUIRE(write(head, log, b).position.ok());  // Not found by reference: still one series.
  CHECK(read(head, {}).size() == 1);
  BatchBuilder again;
  again.series({{"a", "1"}}, {{kNow + 5, 1}});
  again.series({{"a", "1"}}, {{kNow + 4, 1}});
  Written w = write(head, log, again, kAllOrNothing);
  CHECK(w.rejected.size() == 1);
  CHECK(w.result.samples_written == 0);
  CHECK(read(head, {})["a=1,"] == Points{{kNow, 1}});
}

TEST_CASE("the log rebuilds the head, ids, late samples, histograms and start timestamps") {
  HeadOptions options;
  options.out_of_order_window_ms = 60'000;
  Head head(options);
  MemoryLog log;
  for (int round = 0; round < 50; ++round) {
    BatchBuilder b;
    for (int s = 0; s < 20; ++s)
      b.series({{"__name__", "m"}, {"s", std::to_string(s)}},
               {{kNow + round * 1000 + s, round * s * 0.5, s % 2 == 0 ? 0 : kNow}});
    if (round % 10 == 5) b.series({{"__name__", "m"}, {"s", "0"}}, {{kNow + round * 1000 - 500, 1}});
    REQUIRE(write(head, log, b).position.ok());
  }
  Head other(options);
  REQUIRE(log.replay(0,
                     [&](uint64_t position, const LogBatch& batch) -> Result<void> {
                       other.replay(position, batch);
                       return {};
                     })
              .ok());
  CHECK(read(other, {}) == read(head, {}));
  CHECK(read(head, {}).size() == 20);
  CHECK(read(head, {})["__name__=m,s=0,"].size() == 55);
}

TEST_CASE("a snapshot does not see what came later, while a new one does") {
  static QuietHost host;
  Head head({});
  MemoryLog log;
  for (int i = 0; i < 30; ++i) {
    BatchBuilder b;
    b.series({{"a", "1"}}, {{kNow + i, i * 1.5}});
    REQUIRE(write(head, log, b).position.ok());
  }
  auto* set = new GorillaSeriesSet(head, &host, INT64_MIN, INT64_MAX);
  set->add_head({});
  set->finish(false, 0);
  for (int i = 30; i < 300; ++i) {
    BatchBuilder b;
    b.series({{"a", "1"}}, {{kNow + i, i % 7 == 0 ? 1e-300 : i * 1.5}});
    REQUIRE(write(head, log, b).position.ok());
  }
  SUBCASE("as it is") {}
  SUBCASE("after the generation was frozen and dropped") {
    REQUIRE(head.freeze() != nullptr);
    head.drop_frozen();
  }
  SeriesCursor* cursor = nullptr;
  REQUIRE(set->open(0, 1, &cursor).ok());
  SeriesBatch batch{};
  REQUIRE(cursor->next(&batch).ok());
  REQUIRE(batch.series.size == 1);
  CHECK(batch.series[0]->timestamps_ms.size == 30);
  CHECK(batch.series[0]->values[29] == 29 * 1.5);
  cursor->release();
  set->release();
}

TEST_CASE("series without samples for several generations are removed, and their ids used again") {
  Head head({});
  MemoryLog log;
  BatchBuilder b;
  b.series({{"a", "1"}}, {{kNow, 1}});
  REQUIRE(write(head, log, b).position.ok());
  for (int i = 1; i <= 3; ++i) {
    BatchBuilder more;
    more.series({{"a", "2"}}, {{kNow + i, 1}});
    REQUIRE(write(head, log, more).position.ok());
    REQUIRE(head.freeze() != nullptr);
    head.drop_frozen();
    CHECK(head.collect_garbage(2) == (i == 3 ? 1 : 0));
  }
  CHECK(head.series_count() == 1);
  BatchBuilder fresh;
  fresh.series({{"b", "1"}}, {{kNow + 9, 4}});
  REQUIRE(write(head, log, fresh).position.ok());
  CHECK(read(head, {}) == std::map<std::string, Points>{{"b=1,", {{kNow + 9, 4}}}});
}

TEST_CASE("idle series are removed however many there are, and those that came while the head was frozen stay") {
  constexpr int kIdle = 70'000;  // Several pieces.
  Head head({});
  MemoryLog log;
  BatchBuilder b;
  for (int i = 0; i < kIdle; ++i) b.series({{"idle", std::to_string(i)}}, {{kNow, 1}});
  REQUIRE(write(head, log, b).position.ok());
  REQUIRE(head.freeze() != nullptr);
  head.drop_frozen();
  BatchBuilder more;
  for (int i = 0; i < 3; ++i) more.series({{"busy", std::to_string(i)}}, {{kNow + 1, 1}});
  REQUIRE(write(head, log, more).position.ok());
  const auto frozen = head.freeze();
  REQUIRE(frozen != nullptr);
  CHECK(head.sorted_series(*frozen).size() == 3);
  CHECK(frozen->last[kIdle + 2].timestamp_ms == kNow + 1);
  CHECK(head.collect_garbage(1) == 0);  // Not while a generation is being sealed.
  head.drop_frozen();
  CHECK(head.collect_garbage(1) == kIdle);
  CHECK(head.series_count() == 3);
  CHECK(head.stats().removed == kIdle);
}

TEST_CASE("series of one scrape share their timestamps") {
  static QuietHost host;
  Head head({});
  MemoryLog log;
  for (int i = 0; i < 10; ++i) {
    BatchBuilder b;
    for (int s = 0; s < 100; ++s)
      if (i != 4 || s != 3) b.series({{"s", std::to_string(s)}}, {{kNow + i * 15000, double(s)}});
    REQUIRE(write(head, log, b).position.ok());
  }
  auto* set = new GorillaSeriesSet(head, &host, INT64_MIN, INT64_MAX);
  set->add_head({});
  set->finish(true, 0);
  SeriesCursor* cursor = nullptr;
  REQUIRE(set->open(0, 100, &cursor).ok());
  SeriesBatch batch{};
  REQUIRE(cursor->next(&batch).ok());
  std::map<uint64_t, int> ids;
  for (const SeriesSamples* s : batch.series) ++ids[s->timestamps_id];
  CHECK(ids.size() == 2);
  CHECK(ids.count(0) == 0);
  cursor->release();
  set->release();
}
