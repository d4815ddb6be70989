#include "gorilla/store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "fakes/collectors.h"
#include "gorilla/block/format.h"
#include "gorilla/log/record.h"
#include "store_world.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using fakes::Strings;
using fakes::Text;

namespace {

constexpr int64_t kBegin = StoreWorld::kBegin, kMinute = 60'000, kHour = 60 * kMinute;

nlohmann::json blocks_of(StoreWorld& world) {
  Text text;
  REQUIRE(world.store().blocks_json(nullptr, &text).ok());
  return nlohmann::json::parse(text.text);
}

Status remove(StoreWorld& world, const std::string& series, int64_t start_ms, int64_t end_ms) {
  Matcher matcher{sizeof(Matcher), MatchOp::kEqual, str("s"), str(series)};
  const Matcher* matchers[] = {&matcher};
  Select select{};
  select.struct_size = sizeof select;
  select.matchers = view_of(matchers);
  select.start_ms = start_ms;
  select.end_ms = end_ms;
  return world.store().delete_series(&select);
}

// The store's metric, of a part if it has parts.
double metric(StoreWorld& world, std::string_view name, std::string_view part = "") {
  struct Sink final : MetricsSink {
    std::string_view name, part;
    double value = -1;
    void add(const MetricSpec* spec, double of_spec, View<uint64_t>) noexcept override {
      const bool of_part = std::any_of(spec->labels.begin(), spec->labels.end(),
                                       [&](const KeyValue& label) { return view(label.value) == part; });
      if (view(spec->name) == name && (part.empty() || of_part)) value = of_spec;
    }
  } sink;
  sink.name = name;
  sink.part = part;
  world.store().collect(&sink);
  return sink.value;
}

// Samples every minute of two series.
void fill(StoreWorld& world, int64_t from_ms, int64_t to_ms) {
  for (int64_t t = from_ms; t < to_ms; t += kMinute) REQUIRE(world.write({"a", "b"}, t, static_cast<double>(t % 977)));
}

}  // namespace

TEST_CASE("samples survive seals, compactions and starts, whichever came between") {
  StoreWorld world(1);
  REQUIRE(world.open().ok());
  for (int hour = 0; hour < 30; ++hour) {
    fill(world, kBegin + hour * kHour, kBegin + (hour + 1) * kHour);
    REQUIRE(world.store().seal().ok());
    if (hour % 7 == 6) world.store().compact();
    if (hour % 11 == 10) {
      REQUIRE(world.stop());
      REQUIRE(world.open().ok());
    }
  }
  world.store().compact();
  CHECK(world.broken_promise() == "");
  // A day, and what is newer in windows of two hours.
  nlohmann::json blocks = blocks_of(world);
  int days = 0;
  for (const auto& block : blocks) {
    days += block["compaction"]["level"] == 3 ? 1 : 0;
    CHECK(block["stats"]["numSeries"] == 2);
  }
  CHECK(days == 1);
  CHECK(blocks.size() <= 1 + 4 + 1);
}

// Blocks with the same series, and blocks with others between them: each series' samples come from its own blocks, in
// order.
TEST_CASE("series that come and go between blocks keep their samples") {
  StoreWorld world(21);
  REQUIRE(world.open().ok());
  constexpr int kSeries = 200;
  int64_t t = kBegin;
  for (int kind : {0, 0, 1, 0, 2, 2, 3, 1, 0}) {
    std::vector<std::string> series;
    for (int i = 0; i < kSeries; ++i)
      if (kind == 0 || i % (kind + 1) == 0) series.push_back("s" + std::to_string(i));
    for (int minute = 0; minute < 5; ++minute, t += kMinute)
      REQUIRE(world.write(series, t, static_cast<double>(t / kMinute % 977)));
    REQUIRE(world.store().seal().ok());
  }
  REQUIRE(world.write({"s1", "s2", "new"}, t, 1));
  // In the head they share timestamps, of which the first has the fewest.
  for (int minute = 1; minute < 4; ++minute) REQUIRE(world.write({"s2"}, t + minute * kMinute, 2));
  CHECK(blocks_of(world).size() == 9);
  CHECK(world.broken_promise() == "");
  std::string wrong;
  const Samples there = world.read(&wrong);
  CHECK(there.size() == kSeries + 1);
  CHECK(there.at("s0").size() == 45);
  CHECK(there.at("s1").size() == 21);
}

// What a selection finds out of which block has which series of the head, others go by; until an id changes hands.
TEST_CASE("series that others have the ids of keep the samples in their blocks") {
  StoreWorld world(22);
  REQUIRE(world.open().ok());
  constexpr int kSeries = 600;
  int64_t t = kBegin;
  auto names = [](char kind, int begin, int end) {
    std::vector<std::string> out;
    for (int i = begin; i < end; ++i) out.push_back(kind + std::to_string(i));
    return out;
  };
  auto write = [&](const std::vector<std::string>& series) {
    t += kMinute;
    REQUIRE(world.write(series, t, static_cast<double>(t / kMinute % 977)));
  };
  auto check = [&] {
    for (int times = 0; times < 3; ++times) CHECK(world.broken_promise() == "");
  };
  auto removed = [&] { return metric(world, "nightlight_gorilla_series_removed_total"); };
  auto known_bytes = [&] { return metric(world, "nightlight_gorilla_memory_bytes", "known_series"); };
  write(names('a', 0, kSeries));
  REQUIRE(world.store().seal().ok());
  check();
  CHECK(known_bytes() == 0);  // Nothing in the head.
  write(names('a', 0, kSeries));
  check();
  CHECK(known_bytes() == 4 * kSeries);
  for (int seal = 0; seal < 5; ++seal) {
    write(names('a', 0, kSeries / 2));
    REQUIRE(world.store().seal().ok());
    write(names('a', 1, kSeries / 2));  // The first is known, but not in the head.
    check();
  }
  CHECK(removed() == kSeries / 2);
  write(names('b', 0, kSeries / 2));
  write(names('a', 0, kSeries / 2));
  check();
  CHECK(known_bytes() > 0);
  REQUIRE(world.store().seal().ok());
  write(names('b', 0, kSeries / 2));
  write(names('a', 0, kSeries));
  check();
}

TEST_CASE("a late sample is merged with the block that holds its neighbours, and what was there first stays") {
  StoreWorld world(2);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + 20 * kMinute);
  REQUIRE(world.store().seal().ok());
  REQUIRE(world.write({"a"}, kBegin + 30 * kMinute, 5));
  REQUIRE(world.write({"a"}, kBegin + 5 * kMinute + 1, 7));  // Late, at a time of its own.
  CHECK(world.broken_promise() == "");
  // At a time that a block has: acknowledged, as Prometheus does, and not seen.
  BatchBuilder again;
  again.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin + 5 * kMinute, -1.0}});
  AppendResult result{};
  REQUIRE(world.store().append(&again.batch(), &result).ok());
  CHECK(world.broken_promise() == "");
  REQUIRE(world.store().seal().ok());
  CHECK(world.broken_promise() == "");
  REQUIRE(world.stop());
  REQUIRE(world.open().ok());
  CHECK(world.broken_promise() == "");
}

TEST_CASE("rules hold over a start: repeated samples are the same, older ones late, others refused") {
  StoreWorld world(3);
  world.options.head.out_of_order_window_ms = 0;
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + 20 * kMinute);
  REQUIRE(world.stop());
  REQUIRE(world.open().ok());
  auto rejected = [&](int64_t t, double v) {
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "a"}}, {{t, v}});
    AppendResult result{};
    REQUIRE(world.store().append(&builder.batch(), &result).ok());
    return result.rejected;
  };
  const int64_t last = kBegin + 19 * kMinute;
  CHECK(rejected(last, static_cast<double>(last % 977)) == 0);
  CHECK(rejected(last, 1e9) == 1);
  CHECK(rejected(last - kMinute, 3) == 1);
  CHECK(rejected(last + kMinute, 3) == 0);
}

TEST_CASE("deleted samples are gone at once, in head and blocks, and stay gone") {
  StoreWorld world(4);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + kHour);
  REQUIRE(world.store().seal().ok());
  fill(world, kBegin + kHour, kBegin + 2 * kHour);
  REQUIRE(remove(world, "a", kBegin + 30 * kMinute, kBegin + 90 * kMinute).ok());
  for (auto* journal : {&world.acked, &world.sent}) {
    auto& samples = (*journal)["a"];
    std::erase_if(samples,
                  [](const auto& s) { return s.first >= kBegin + 30 * kMinute && s.first <= kBegin + 90 * kMinute; });
  }
  CHECK(world.broken_promise() == "");
  SUBCASE("as they are") {}
  SUBCASE("after a crash") {
    world.close();
    world.files.crash();
    REQUIRE(world.open().ok());
  }
  SUBCASE("after a seal and a start") {
    REQUIRE(world.stop());
    REQUIRE(world.open().ok());
  }
  SUBCASE("after their space was freed") {
    REQUIRE(world.store().seal().ok());
    REQUIRE(world.store().clean_tombstones(nullptr).ok());
    for (const auto& block : blocks_of(world)) CHECK(!block["stats"].contains("numTombstones"));
  }
  CHECK(world.broken_promise() == "");
}

TEST_CASE("retention drops whole blocks, by time and by size") {
  StoreWorld world(5);
  world.options.retention_ms = 5 * kHour;
  REQUIRE(world.open().ok());
  for (int hour = 0; hour < 12; ++hour) {
    fill(world, kBegin + hour * kHour, kBegin + (hour + 1) * kHour);
    REQUIRE(world.store().seal().ok());
  }
  world.store().drop_expired();
  nlohmann::json blocks = blocks_of(world);
  CHECK(blocks.size() == 5);
  for (const auto& block : blocks) CHECK(block["maxTime"].get<int64_t>() > kBegin + 6 * kHour);
}

TEST_CASE("a snapshot is a data directory of its own") {
  StoreWorld world(6);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + kHour);
  REQUIRE(world.store().seal().ok());
  fill(world, kBegin + kHour, kBegin + 90 * kMinute);
  Text name;
  REQUIRE(world.store().snapshot(nullptr, 0, &name).ok());
  REQUIRE(remove(world, "a", INT64_MIN, INT64_MAX).ok());
  world.close();
  world.options.path = "data/snapshots/" + name.text;
  REQUIRE(world.open().ok());
  CHECK(world.broken_promise() == "");
  REQUIRE(world.write({"a", "c"}, kBegin + 3 * kHour, 1));
  CHECK(world.broken_promise() == "");
}

TEST_CASE("a snapshot in the making tells how many series it has written") {
  struct Watcher final : TextSink {
    explicit Watcher(Store& watched) : store(watched) {}
    Status write(Str) noexcept override {  // The snapshot is made, the call is not over.
      store.snapshot_progress(&done, &total);
      return kOkStatus;
    }
    Store& store;
    uint64_t done = 0, total = 0;
  };
  StoreWorld world(8);
  REQUIRE(world.open().ok());
  auto expect = [&](uint64_t series, uint32_t skip_head) {
    world.host.now += 1000;  // Snapshots are named after the second.
    Watcher watcher(world.store());
    REQUIRE(world.store().snapshot(nullptr, skip_head, &watcher).ok());
    CHECK(watcher.done == series);
    CHECK(watcher.total == series);
    uint64_t done = 1, total = 1;
    world.store().snapshot_progress(&done, &total);
    CHECK(done == 0);
    CHECK(total == 0);
  };
  REQUIRE(world.write({"a", "b", "c"}, kBegin, 1));
  expect(3, 0);
  expect(0, 0);
  REQUIRE(world.write({"a", "b"}, kBegin + kMinute, 1));
  expect(0, 1);
  expect(2, 0);
}

TEST_CASE("names and values are those of head and blocks together") {
  StoreWorld world(7);
  REQUIRE(world.open().ok());
  REQUIRE(world.write({"old"}, kBegin, 1));
  REQUIRE(world.store().seal().ok());
  REQUIRE(world.write({"new"}, kBegin + 10 * kHour, 1));
  auto values = [&](int64_t start_ms, int64_t end_ms) {
    LabelQuery query{};
    query.struct_size = sizeof query;
    query.start_ms = start_ms;
    query.end_ms = end_ms;
    Strings out;
    REQUIRE(world.store().label_values(str("s"), &query, &out).ok());
    return out.all;
  };
  CHECK(values(INT64_MIN, INT64_MAX) == std::vector<std::string>{"new", "old"});
  CHECK(values(kBegin, kBegin) == std::vector<std::string>{"old"});
}

TEST_CASE("a damaged block is told beside what is left, and the store goes on") {
  StoreWorld world(8);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + kHour);
  REQUIRE(world.store().seal().ok());
  fill(world, kBegin + kHour, kBegin + 2 * kHour);
  world.close();
  auto names = world.files.list("data/blocks");
  REQUIRE(names.ok());
  for (const std::string& name : *names) {
    if (!name.ends_with(".nlb")) continue;
    REQUIRE(
        world.files.damage("data/blocks/" + name, [](std::string& bytes) { bytes[bytes.size() - 9] ^= 0x40; }).ok());
  }
  REQUIRE(world.open().ok());
  std::string warnings;
  Samples there = world.read(&warnings);
  CHECK(warnings.find("cannot be read") != std::string::npos);
  CHECK(there["a"].size() == 60);
  CHECK(world.write({"a"}, kBegin + 3 * kHour, 1));
}

TEST_CASE("wherever a block is damaged, what is answered beside it is right") {
  StoreWorld world(14);
  REQUIRE(world.open().ok());
  // Two blocks with several pages of label sets, of which the second has other series, and no two samples alike.
  for (int block = 0; block < 2; ++block) {
    for (int s = 0; s < 300; ++s)
      REQUIRE(
          world.write({"series-" + std::to_string(s + block * 150)}, kBegin + block * kHour, block * 1000 + s + 0.5));
    REQUIRE(world.store().seal().ok());
  }
  std::vector<std::string> names = world.files.list("data/blocks").value();
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".nlb"); });
  REQUIRE(names.size() == 2);
  const std::string whole = read_file(world.files, "data/blocks/" + names[0], UINT64_MAX).value();
  size_t pages = 0, told = 0, whole_answers = 0;
  // Each page in turn, in its last byte; then what is behind them.
  for (size_t at = kHeaderBytes, end = 0; at < whole.size(); at = end, ++pages) {
    const auto stored = load<uint32_t>(reinterpret_cast<const uint8_t*>(whole.data()) + at + 8);
    end = std::min<size_t>(whole.size(), at + kPageHeaderBytes + stored);
    auto flip = [&](std::string& bytes) { bytes[end - 1] ^= 0x10; };
    world.close();
    REQUIRE(world.files.damage("data/blocks/" + names[0], flip).ok());
    REQUIRE(world.open().ok());
    std::string wrong;
    const Samples there = world.read(&wrong);
    if (!wrong.empty()) ++told;
    if (there == world.sent) ++whole_answers;
    for (const auto& [name, samples] : there)
      for (const auto& [time, bits] : samples) REQUIRE(world.sent[name].at(time) == bits);
    REQUIRE(world.files.damage("data/blocks/" + names[0], flip).ok());
  }
  CHECK(pages > 10);
  // The fingerprint alone is not needed for an answer.
  CHECK(told == pages - 1);
  CHECK(whole_answers == 1);
  world.close();
  REQUIRE(world.open().ok());
  CHECK(world.broken_promise() == "");
}

TEST_CASE("samples of a series whose definition the log has lost are left out, and the store goes on") {
  StoreWorld world(13);
  REQUIRE(world.open().ok());
  // Each in a record of its own.
  for (const char* series : {"a", "b", "c"}) {
    REQUIRE(world.write({series}, kBegin, 1));
    world.close();
    REQUIRE(world.open().ok());
  }
  REQUIRE(world.write({"a", "b", "c"}, kBegin + kMinute, 2));
  world.close();
  // The second record, wherever it stands.
  int copies = 0;
  const std::vector<std::string> names = world.files.list("data/wal").value();
  for (const std::string& name : names) {
    if (!name.ends_with(".wal") || name.starts_with("spare")) continue;
    auto spoil = [&](std::string& bytes) {
      for (size_t at = 0; at + kRecordHeader < bytes.size(); at += 8) {
        if (std::memcmp(bytes.data() + at, &kRecordMagic, 4) != 0 || sequence_of(bytes.data() + at) != 2) continue;
        bytes[at + kRecordHeader + 4] ^= 1;
        ++copies;
      }
    };
    REQUIRE(world.files.damage("data/wal/" + name, spoil).ok());
  }
  CHECK(copies > 0);
  REQUIRE(world.open().ok());
  std::string wrong;
  Samples there = world.read(&wrong);
  CHECK(there["a"].size() == 2);
  CHECK(there["b"].empty());
  CHECK(there["c"].size() == 2);
  REQUIRE(world.store().seal().ok());
  CHECK(blocks_of(world)[0]["stats"]["numSeries"] == 2);
  there = world.read(&wrong);
  CHECK(wrong == "");
  CHECK(there["b"].empty());
  CHECK(there["c"].size() == 2);
  REQUIRE(world.write({"b"}, kBegin + 2 * kMinute, 3));
  CHECK(world.read(&wrong)["b"].size() == 1);
}

TEST_CASE("blocks without their catalog are not taken for an empty store") {
  StoreWorld world(9);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + kHour);
  REQUIRE(world.stop());
  REQUIRE(world.files.remove("data/blocks/catalog").ok());
  Result<void> opened = world.open();
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find("catalog") != std::string::npos);
}

TEST_CASE("a full disk refuses writes, keeps answering, and recovers unaided") {
  StoreWorld world(10);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + 10 * kMinute);
  for (uint64_t n = 1; n <= 40; ++n) {
    world.files.fail_at(n, Code::kResourceExhausted, 6);
    const int64_t t = kBegin + (20 + static_cast<int64_t>(n)) * kMinute;
    (void)world.write({"a", "b"}, t, static_cast<double>(n));
    (void)world.store().seal();
    world.store().compact();
    CHECK(world.broken_promise() == "");
    world.files.fail_at(0, Code::kResourceExhausted, 0);
    REQUIRE(world.write({"a", "b"}, t + 1, 0.5));
    REQUIRE(world.store().seal().ok());
    CHECK(world.broken_promise() == "");
  }
  REQUIRE(world.stop());
  REQUIRE(world.open().ok());
  CHECK(world.broken_promise() == "");
}

TEST_CASE("a failed sync is never repeated on its file, and what was not acknowledged may be sent again") {
  for (uint64_t n = 1; n <= 60; ++n) {
    StoreWorld world(100 + n);
    REQUIRE(world.open().ok());
    fill(world, kBegin, kBegin + 3 * kMinute);
    world.files.fail_at(n, Code::kUnavailable);
    for (int i = 0; i < 12; ++i) {
      const int64_t t = kBegin + (10 + i) * kMinute;
      if (!world.write({"a", "b"}, t, i)) (void)world.write({"a", "b"}, t, i);
      if (i % 4 == 3) (void)world.store().seal();
    }
    world.close();
    world.files.crash();
    REQUIRE(world.open().ok());
    CHECK(world.broken_promise() == "");
  }
}

TEST_CASE("a sample that a failed sync left in memory alone is durable when it is sent again to the next process") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    StoreWorld world(seed);
    REQUIRE(world.open().ok());
    fill(world, kBegin, kBegin + 3 * kMinute);
    world.files.fail_at(2, Code::kUnavailable);  // The sync behind the write.
    REQUIRE(!world.write({"a", "new"}, kBegin + 10 * kMinute, 1.5));
    world.kill();
    REQUIRE(world.open().ok());
    REQUIRE(world.write({"a", "new"}, kBegin + 10 * kMinute, 1.5));
    world.files.crash();
    world.close();
    world.files.crash();
    REQUIRE(world.open().ok());
    CHECK(world.broken_promise() == "");
  }
}

TEST_CASE("compaction rewrites a block many of whose series have deleted samples") {
  StoreWorld world(12);
  REQUIRE(world.open().ok());
  fill(world, kBegin, kBegin + kHour);
  REQUIRE(world.store().seal().ok());
  REQUIRE(remove(world, "a", kBegin, kBegin + kHour).ok());
  CHECK(blocks_of(world)[0]["stats"]["numTombstones"] == 1);
  world.store().compact();
  nlohmann::json blocks = blocks_of(world);
  REQUIRE(blocks.size() == 1);
  CHECK(!blocks[0]["stats"].contains("numTombstones"));
  CHECK(blocks[0]["stats"]["numSeries"] == 1);
  // The object of the tombstones went with the block.
  const std::vector<std::string> names = world.files.list("data/blocks").value();
  CHECK(std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".nlt"); }));
}
