#include "gorilla/log/wal.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "gorilla/file/simulated.h"
#include "gorilla/log/record.h"
#include "gorilla/log/segment.h"
#include "nightlight/sugar.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

LogBatch batch_of(uint64_t number, size_t samples) {
  LogBatch b;
  for (size_t i = 0; i < samples; ++i) {
    b.sample_series.push_back(static_cast<uint32_t>(i));
    b.timestamps_ms.push_back(static_cast<int64_t>(number));
    b.value_bits.push_back(number * 1000 + i);
  }
  return b;
}

std::unique_ptr<Wal> open(FileSystem& files, uint64_t segment_bytes = 1 << 16, Ack ack = Ack::kDurable) {
  WalOptions options;
  options.directory = "data/wal";
  options.segment_bytes = segment_bytes;
  options.ack = ack;
  auto wal = Wal::open(files, options);
  REQUIRE(wal.ok());
  return std::move(*wal);
}

// The numbers of the batches that replay finds; each is checked whole.
std::vector<uint64_t> replayed(Wal& wal, ReplayStats* stats = nullptr, uint64_t after = 0) {
  std::vector<uint64_t> out;
  auto done = wal.replay(after, [&](uint64_t, const LogBatch& b) -> Result<void> {
    REQUIRE(!b.timestamps_ms.empty());
    auto number = static_cast<uint64_t>(b.timestamps_ms[0]);
    CHECK(b.value_bits == batch_of(number, b.value_bits.size()).value_bits);
    out.push_back(number);
    return {};
  });
  REQUIRE(done.ok());
  if (stats != nullptr) *stats = *done;
  return out;
}

// Ends a log as the death of its process does, while the machine goes on.
void kill(SimulatedFileSystem& files, std::unique_ptr<Wal>& wal) {
  files.halt_at(1);
  wal.reset();
  files.go_on();
}

// Appends batches up to `last` and waits for them together.
bool write_up_to(Wal& wal, uint64_t* number, uint64_t last) {
  while (*number < last) wal.append(batch_of(++*number, 100));
  return wal.wait(last).ok();
}

// Fails the sync of the next commit.
void fail_next_sync(SimulatedFileSystem& files) { files.fail_at(2, Code::kUnavailable); }

std::vector<uint64_t> numbers_up_to(uint64_t last) {
  std::vector<uint64_t> out(last);
  std::iota(out.begin(), out.end(), uint64_t{1});
  return out;
}

// Makes the only segment of a log one of the first version, whose records do not say what was durable.
void make_old(SimulatedFileSystem& files, const std::string& path) {
  auto edit = [](std::string& bytes) {
    SegmentHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    std::memcpy(header.magic, kFirstSegmentMagic, sizeof header.magic);
    header.crc = segment_header_crc(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    size_t end = sizeof header;
    while (auto record = read_record(std::string_view(bytes).substr(end), header.salt)) end += record->size;
    seal_records(bytes.data() + sizeof header, end - sizeof header, header.salt, UINT64_MAX);
  };
  REQUIRE(files.damage(path, edit).ok());
}

}  // namespace

TEST_CASE("batches of every kind come back from their bytes") {
  LogBatch b;
  const LabelPair labels[] = {{str("a"), str("1")}, {str("b"), str("2")}, {str("a"), str("1")}, {str("b"), str("3")}};
  b.labels.assign(labels, labels + 4);
  b.new_series = {7, 3};
  b.label_ends = {2, 4};
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    b.sample_series.push_back(static_cast<uint32_t>(random() % 100000));
    b.timestamps_ms.push_back(static_cast<int64_t>(i % 3 == 0 ? random() : 5));
    b.value_bits.push_back(random() << (random() % 9 * 8 % 64));
    b.start_timestamps_ms.push_back(static_cast<int64_t>(random()));
  }
  const BucketSpan spans[] = {{-2, 2}, {1, 1}};
  const int64_t deltas[] = {5, -2, 9};
  const double bounds[] = {0.5, 1.5};
  Histogram h{};
  h.struct_size = sizeof h;
  h.timestamp_ms = 77;
  h.start_timestamp_ms = 5;
  h.schema = -53;
  h.reset_hint = ResetHint::kGauge;
  h.sum = -0.0;
  h.count_int = 12;
  h.positive_spans = view_of(spans);
  h.positive_deltas = view_of(deltas);
  h.custom_values = view_of(bounds);
  b.histogram_series = {9};
  b.histograms = {&h};
  Exemplar e{sizeof e, 3, 99, 0.5, {labels, 2}};
  b.exemplars = {&e};
  Metadata m{sizeof m, MetricKind::kCounter, str("f"), str("help"), str("s")};
  b.metadata = {&m};
  b.tombstones = {{4, INT64_MIN, INT64_MAX}};

  std::string bytes;
  encode_batch(b, bytes);
  DecodedBatch decoded;
  REQUIRE(decoded.decode(bytes).ok());
  const LogBatch& d = decoded.batch();
  CHECK(d.new_series == b.new_series);
  CHECK(d.label_ends == b.label_ends);
  CHECK(view(d.labels[3].value) == "3");
  CHECK(view(d.labels[2].name) == "a");
  CHECK(d.sample_series == b.sample_series);
  CHECK(d.timestamps_ms == b.timestamps_ms);
  CHECK(d.value_bits == b.value_bits);
  CHECK(d.start_timestamps_ms == b.start_timestamps_ms);
  REQUIRE(d.histograms.size() == 1);
  CHECK(std::signbit(d.histograms[0]->sum));
  CHECK(d.histograms[0]->custom_values[1] == 1.5);
  CHECK(d.histograms[0]->positive_deltas[1] == -2);
  CHECK(d.histograms[0]->start_timestamp_ms == 5);
  CHECK(view(d.exemplars[0]->labels[1].value) == "2");
  CHECK(view(d.metadata[0]->unit) == "s");
  CHECK(d.tombstones[0].end_ms == INT64_MAX);

  for (size_t cut = 0; cut < bytes.size(); cut += 7) {
    DecodedBatch shorter;
    (void)shorter.decode(std::string_view(bytes).substr(0, cut));  // No crash, whatever it says.
  }
}

TEST_CASE("what was waited for is there after a loss of power, over several segments") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimulatedFileSystem files(seed);
    uint64_t acknowledged = 0;
    for (int life = 0; life < 4; ++life) {
      auto wal = open(files);
      std::vector<uint64_t> found = replayed(*wal);
      REQUIRE(found.size() >= acknowledged);
      for (size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == i + 1);
      uint64_t number = found.size();
      files.halt_at(20 + seed * 7 % 60);
      for (int i = 0; i < 200; ++i) {
        if (!wal->ready().ok()) break;
        if (i % 5 == 3) wal->prepare();
        if (i % 7 == 6) (void)wal->cut();
        uint64_t position = wal->append(batch_of(++number, 100));
        REQUIRE(position == number);
        if (!wal->wait(position).ok()) break;
        acknowledged = number;
      }
      files.crash();
      wal.reset();
      files.crash();
    }
    CHECK(acknowledged > 0);
  }
}

TEST_CASE(
    "a failing write or sync is not acknowledged, is never tried on the same file, and the log recovers by itself") {
  for (uint64_t n = 1; n < 60; ++n) {
    SimulatedFileSystem files(n);
    uint64_t number = 0;
    {
      auto wal = open(files, 1 << 13);
      (void)replayed(*wal);
      files.fail_at(n, n % 2 == 0 ? Code::kResourceExhausted : Code::kUnavailable, 3);
      for (int i = 0; i < 30; ++i) {
        if (!wal->ready().ok()) continue;
        uint64_t position = wal->append(batch_of(++number, 50));
        (void)wal->wait(position);
      }
      REQUIRE(wal->flush().ok());
      CHECK(wal->stats().durable == number);
    }
    files.crash();
    auto wal = open(files, 1 << 13);
    CHECK(replayed(*wal).size() == number);
  }
}

TEST_CASE("where there is no room for a segment, a smaller one is begun, and nothing of the larger is left") {
  constexpr uint64_t kSegment = 1 << 20, kRoom = 300 << 10;
  SimulatedFileSystem files(1);
  auto wal = open(files, kSegment);
  (void)replayed(*wal);
  files.set_capacity(kRoom);
  uint64_t number = 1;
  REQUIRE(wal->wait(wal->append(batch_of(number, 50))).ok());
  CHECK(wal->stats().segment_bytes == kSegment / 4);
  while (true) {
    const uint64_t position = wal->append(batch_of(number + 1, 50));
    if (!wal->wait(position).ok()) break;
    ++number;
  }
  CHECK(wal->stats().full);
  // What is smaller than the smallest segment stays for others.
  CHECK(files.free_space("data").value() == kRoom - wal->stats().segment_bytes);
  files.set_capacity(kSegment * 4);
  REQUIRE(wal->ready().ok());
  CHECK(!wal->stats().full);
  CHECK(wal->stats().segment_bytes == kSegment / 4 + kSegment);
  wal.reset();
  wal = open(files, kSegment);
  CHECK(replayed(*wal).size() == number + 1);
}

TEST_CASE("a log that may not grow begins no segment, and gives back those that it would have used again") {
  SimulatedFileSystem files(1);
  bool may_grow = true;
  WalOptions options;
  options.directory = "data/wal";
  options.segment_bytes = 1 << 13;
  options.may_grow = [&] { return may_grow; };
  auto wal = std::move(*Wal::open(files, options));
  (void)replayed(*wal);
  for (uint64_t n = 1; n <= 80; ++n) REQUIRE(wal->wait(wal->append(batch_of(n, 50))).ok());
  REQUIRE(wal->trim(60).ok());
  auto spares = [&] {
    const std::vector<std::string> names = files.list("data/wal").value();
    return std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("spare"); });
  };
  CHECK(spares() == 2);
  wal->prepare();
  CHECK(spares() == 1);
  const uint64_t files_before = files.list("data/wal")->size();
  may_grow = false;
  REQUIRE(wal->trim(60).ok());
  CHECK(spares() == 0);
  CHECK(files.list("data/wal")->size() == files_before - 2);
  uint64_t last = 80;
  while (wal->wait(wal->append(batch_of(++last, 50))).ok()) REQUIRE(last < 200);
  CHECK(wal->stats().full);
  may_grow = true;
  REQUIRE(wal->flush().ok());
  CHECK(wal->stats().durable == last);
}

TEST_CASE("what a process that died had written only is durable when the next one has read it") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    SimulatedFileSystem files(seed);
    auto dead = open(files, 1 << 16, Ack::kOs);  // It syncs nothing.
    replayed(*dead);
    for (uint64_t number = 1; number <= 10; ++number) REQUIRE(dead->wait(dead->append(batch_of(number, 50))).ok());
    auto next = open(files);
    CHECK(replayed(*next).size() == 10);
    REQUIRE(next->wait(10).ok());
    files.crash();
    CHECK(replayed(*open(files)).size() == 10);
  }
}

TEST_CASE("what a failed sync left in memory alone is durable when the next process has read it") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    SimulatedFileSystem files(seed);
    auto wal = open(files);
    replayed(*wal);
    uint64_t number = 0;
    REQUIRE(write_up_to(*wal, &number, 5));
    fail_next_sync(files);
    REQUIRE(!write_up_to(*wal, &number, 9));
    kill(files, wal);
    wal = open(files);
    ReplayStats stats;
    CHECK(replayed(*wal, &stats) == numbers_up_to(9));
    CHECK(stats.rewritten_records == 4);
    CHECK(wal->stats().durable == 9);
    REQUIRE(wal->wait(9).ok());
    if (seed % 3 == 1) REQUIRE(write_up_to(*wal, &number, 12));
    if (seed % 3 == 2) files.drop_caches();
    files.crash();
    wal = open(files);
    CHECK(replayed(*wal, &stats) == numbers_up_to(number));
    CHECK(stats.damaged_records == 0);
  }
}

TEST_CASE("holes that a failed sync left in a segment are filled from the next") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    SimulatedFileSystem files(seed);
    auto wal = open(files);
    replayed(*wal);
    uint64_t number = 0;
    REQUIRE(write_up_to(*wal, &number, 5));
    for (int failures = 0; failures < 1 + static_cast<int>(seed % 2); ++failures) {
      fail_next_sync(files);
      REQUIRE(!write_up_to(*wal, &number, number + 4));
      REQUIRE(wal->flush().ok());
    }
    REQUIRE(write_up_to(*wal, &number, number + 2));
    files.crash();
    wal = open(files);
    ReplayStats stats;
    CHECK(replayed(*wal, &stats) == numbers_up_to(number));
    CHECK(stats.damaged_records == 0);
    CHECK(!files.exists("data/wal/quarantine").value());
    wal.reset();
    CHECK(replayed(*open(files)) == numbers_up_to(number));
  }
}

TEST_CASE("a start that ends anywhere while it writes the end of the log again loses nothing of it") {
  constexpr uint64_t kLast = 9;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    bool whole = false;
    for (uint64_t n = 1; !whole; ++n) {
      CAPTURE(seed);
      CAPTURE(n);
      SimulatedFileSystem files(seed * 1000 + n);
      auto wal = open(files);
      replayed(*wal);
      uint64_t number = 0;
      REQUIRE(write_up_to(*wal, &number, 5));
      REQUIRE(write_up_to(*wal, &number, kLast));  // Acknowledged, and no later record tells.
      kill(files, wal);
      files.halt_at(n);
      wal = open(files);
      CHECK(replayed(*wal).size() == kLast);
      whole = !wal->stats().failed;
      if (seed % 2 == 0) {
        kill(files, wal);
        wal = open(files);
        CHECK(replayed(*wal).size() == kLast);
      }
      files.crash();
      wal = open(files);
      CHECK(replayed(*wal) == numbers_up_to(kLast));
      files.crash();
      wal = open(files);
      CHECK(replayed(*wal) == numbers_up_to(kLast));
    }
  }
}

TEST_CASE("a start writes the last commit again at most, and nothing when blocks have it") {
  SimulatedFileSystem files(1);
  auto wal = open(files, 1 << 20);
  replayed(*wal);
  uint64_t number = 0;
  while (number < 100) REQUIRE(write_up_to(*wal, &number, number + 1));
  REQUIRE(write_up_to(*wal, &number, 103));
  ReplayStats stats;
  for (int life = 0; life < 5; ++life) {
    kill(files, wal);
    wal = open(files, 1 << 20);
    replayed(*wal, &stats);
    CHECK(stats.records == 103);
    CHECK(stats.rewritten_records == 3);
    CHECK(stats.rewritten_bytes < 3 * (100 * 10 + 100));
    CHECK(wal->stats().segments == 2);  // The copy of the life before was given back.
  }
  for (uint64_t after : {102, 103}) {
    kill(files, wal);
    wal = open(files, 1 << 20);
    const uint64_t operations = files.operations();
    replayed(*wal, &stats, after);
    CHECK(stats.rewritten_records == 103 - after);
    CHECK((files.operations() == operations) == (after == 103));
  }
}

TEST_CASE("of a log that does not say what was durable, the last segment is written again") {
  SimulatedFileSystem files(1);
  auto wal = open(files, 1 << 20);
  replayed(*wal);
  uint64_t number = 0;
  while (number < 20) REQUIRE(write_up_to(*wal, &number, number + 1));
  REQUIRE(wal->cut().ok());
  while (number < 30) REQUIRE(write_up_to(*wal, &number, number + 1));
  kill(files, wal);
  make_old(files, "data/wal/00000001.wal");
  make_old(files, "data/wal/00000002.wal");
  wal = open(files, 1 << 20);
  ReplayStats stats;
  CHECK(replayed(*wal, &stats) == numbers_up_to(30));
  CHECK(stats.rewritten_records == 10);
  files.crash();
  wal = open(files, 1 << 20);
  CHECK(replayed(*wal, &stats) == numbers_up_to(30));
}

TEST_CASE("a log whose end cannot be written again takes nothing until it can") {
  SimulatedFileSystem files(1);
  auto wal = open(files, 1 << 20);
  replayed(*wal);
  uint64_t number = 0;
  REQUIRE(write_up_to(*wal, &number, 5));
  kill(files, wal);
  files.set_capacity((1 << 20) + 100);
  wal = open(files, 1 << 20);
  CHECK(replayed(*wal) == numbers_up_to(5));
  CHECK(wal->stats().failed);
  CHECK(wal->stats().full);
  CHECK(!wal->ready().ok());
  CHECK(!wal->wait(5).ok());
  wal->skip_to(3);
  CHECK(!wal->wait(5).ok());
  wal->skip_to(8);
  CHECK(!wal->wait(8).ok());
  files.set_capacity(4 << 20);
  CHECK(wal->ready().ok());
  CHECK(wal->wait(8).ok());
  CHECK(wal->stats().durable == 8);
  CHECK(wal->append(batch_of(9, 10)) == 9);
  CHECK(wal->flush().ok());
  files.crash();
  CHECK(replayed(*open(files)).size() == 6);
}

TEST_CASE("segments whose first sync fails do not pile up") {
  SimulatedFileSystem files(1);
  auto wal = open(files);
  replayed(*wal);
  uint64_t number = 0;
  REQUIRE(write_up_to(*wal, &number, 5));
  fail_next_sync(files);
  REQUIRE(!write_up_to(*wal, &number, 7));
  for (int tries = 0; tries < 10; ++tries) {
    files.fail_at(6, Code::kUnavailable);  // Made, reserved, its name synced, begun, written.
    REQUIRE(!wal->flush().ok());
    CHECK(wal->stats().segments == 1);
    CHECK(files.list("data/wal")->size() == 1);
  }
  REQUIRE(wal->flush().ok());
  files.crash();
  CHECK(replayed(*open(files)) == numbers_up_to(7));
}

TEST_CASE("trimming frees segments and recycles them") {
  SimulatedFileSystem files(1);
  {
    auto wal = open(files, 1 << 13);
    (void)replayed(*wal);
    for (uint64_t n = 1; n <= 100; ++n) {
      uint64_t position = wal->append(batch_of(n, 50));
      REQUIRE(wal->wait(position).ok());
    }
    uint64_t before = wal->stats().segments;
    REQUIRE(wal->cut().ok());
    REQUIRE(wal->trim(60).ok());
    CHECK(wal->stats().segments < before);
    wal->prepare();
    uint64_t on_disk = 0;
    const std::vector<std::string> names = files.list("data/wal").value();
    for (const std::string& name : names)
      if (!name.starts_with("spare")) on_disk += files.size("data/wal/" + name).value();
    CHECK(wal->stats().segment_bytes == on_disk);
    for (uint64_t n = 101; n <= 150; ++n) REQUIRE(wal->wait(wal->append(batch_of(n, 50))).ok());
  }
  files.crash();
  auto wal = open(files, 1 << 13);
  ReplayStats stats;
  std::vector<uint64_t> found = replayed(*wal, &stats, 60);
  CHECK(found.size() == 90);
  CHECK(found.front() == 61);
  CHECK(stats.damaged_records == 0);
}

TEST_CASE("the first writer after a cut that was prepared for writes and syncs, and nothing else") {
  SimulatedFileSystem files(1);
  uint64_t number = 0;
  auto write = [&](Wal& wal) {
    const uint64_t before = files.operations();
    REQUIRE(wal.wait(wal.append(batch_of(++number, 50))).ok());
    return files.operations() - before;
  };
  constexpr uint64_t kWrite = 2;  // With its sync.
  constexpr uint64_t kHeader = 1;
  {
    auto wal = open(files);
    (void)replayed(*wal);
    write(*wal);
    CHECK(write(*wal) == kWrite);
    for (int seal = 0; seal < 4; ++seal) {
      wal->prepare();
      wal->prepare();
      CHECK(write(*wal) == kWrite);  // Still to the old one.
      REQUIRE(wal->cut().ok());
      CHECK(write(*wal) == kHeader + kWrite);
      CHECK(write(*wal) == kWrite);
      REQUIRE(wal->trim(number - 2).ok());
    }
    // Larger than what was prepared, which is taken again.
    wal->prepare();
    REQUIRE(wal->cut().ok());
    REQUIRE(wal->wait(wal->append(batch_of(++number, 1 << 14))).ok());
    wal->prepare();
  }
  files.crash();
  auto wal = open(files);
  ReplayStats stats;
  const std::vector<uint64_t> found = replayed(*wal, &stats);
  REQUIRE(!found.empty());
  CHECK(found.back() == number);
  CHECK(stats.damaged_records == 0);
  write(*wal);
  // What was prepared and never begun is freed like any other.
  wal->prepare();
  REQUIRE(wal->cut().ok());
  write(*wal);
  REQUIRE(wal->trim(number).ok());
  CHECK(wal->stats().segments == 1);
}

TEST_CASE("damage in the middle is stepped over and counted, a torn tail is cut") {
  SimulatedFileSystem files(1);
  {
    auto wal = open(files, 1 << 20);
    (void)replayed(*wal);
    for (uint64_t n = 1; n <= 20; ++n) REQUIRE(wal->wait(wal->append(batch_of(n, 50))).ok());
    wal->prepare();
  }
  SUBCASE("in the middle") {
    REQUIRE(files.damage("data/wal/00000001.wal", [](std::string& bytes) { bytes[1000] ^= 1; }).ok());
    auto wal = open(files, 1 << 20);
    ReplayStats stats;
    CHECK(replayed(*wal, &stats).size() == 19);
    CHECK(stats.damaged_records == 1);
    CHECK(files.list("data/wal/quarantine")->size() == 1);
    CHECK(wal->append(batch_of(21, 1)) == 21);
    // The copy stays what it is when the segment is not needed any more.
    const std::string copy = *read_file(files, "data/wal/quarantine/00000001.wal", UINT64_MAX);
    REQUIRE(wal->flush().ok());
    REQUIRE(wal->trim(20).ok());
    for (uint64_t last = 22; last < 26; ++last) {
      REQUIRE(wal->cut().ok());
      REQUIRE(wal->wait(wal->append(batch_of(last, 1))).ok());
    }
    CHECK(!files.exists("data/wal/00000001.wal").value());
    CHECK(*read_file(files, "data/wal/quarantine/00000001.wal", UINT64_MAX) == copy);
  }
  SUBCASE("at every byte of the end") {
    std::string whole = *read_file(files, "data/wal/00000001.wal", UINT64_MAX);
    size_t used = whole.find_last_not_of('\0') + 1;
    uint64_t torn = 0;
    for (size_t cut = used - 600; cut < used - 8; cut += 3) {
      REQUIRE(files
                  .damage("data/wal/00000001.wal",
                          [&](std::string& bytes) {
                            bytes = whole;
                            std::fill(bytes.begin() + static_cast<ptrdiff_t>(cut), bytes.end(), '\0');
                          })
                  .ok());
      auto wal = open(files, 1 << 20);
      ReplayStats stats;
      std::vector<uint64_t> found = replayed(*wal, &stats);
      CHECK(found.size() < 20);
      CHECK(found.size() >= 17);
      CHECK(stats.damaged_records == 0);
      torn += stats.torn_bytes;
    }
    CHECK(torn > 0);
  }
}

TEST_CASE("a log of a newer version is refused, not taken for an empty one") {
  SimulatedFileSystem files(1);
  {
    auto wal = open(files);
    (void)replayed(*wal);
    REQUIRE(wal->wait(wal->append(batch_of(1, 5))).ok());
  }
  auto renumber = [](std::string& bytes) {
    bytes[7] = '3';
    SegmentHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.crc = segment_header_crc(header);
    std::memcpy(bytes.data(), &header, sizeof header);
  };
  REQUIRE(files.damage("data/wal/00000001.wal", renumber).ok());
  auto wal = open(files);
  auto done = wal->replay(0, [](uint64_t, const LogBatch&) -> Result<void> { return {}; });
  REQUIRE(!done.ok());
  CHECK(done.error().code == Code::kUnimplemented);
  CHECK(done.error().message.find("newer version") != std::string::npos);
}
