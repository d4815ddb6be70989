// Files whose checksums are right and whose contents are lies: what tests/fuzz/block_fuzz.cc looks for at random.
#include <doctest/doctest.h>

#include "base/crc32c.h"
#include "fuzz/store_files.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/file/simulated.h"
#include "gorilla/head/head.h"
#include "gorilla/log/log_batch.h"
#include "gorilla/offline/check.h"
#include "gorilla/seal/series_snapshot.h"
#include "store_world.h"
#include "test_block.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

constexpr uint8_t kLabelSetPages = 16 + 5, kDataPages = 16 + 7, kLabelFingerprint = 16 + 8;
constexpr auto kTombstones = static_cast<uint8_t>(fuzz::PartKind::kTombstones);

// A block of 600 series, and so of several pages of each kind, in parts.
std::vector<fuzz::StorePart> large_block() {
  testing::TestStore store;
  auto meta = testing::write_block(*store.bucket, testing::meta_of(1), block_options_of_level(0),
                                   testing::generate(1, 600, 20, 1'700'000'000'000, 15'000));
  REQUIRE(meta.ok());
  fuzz::StoreFiles files;
  files.block = read_file(store.files, "/store/" + block_key(meta->id), UINT64_MAX).value();
  return fuzz::take_apart(files);
}

Bytes& section(std::vector<fuzz::StorePart>& parts, uint8_t kind) {
  for (fuzz::StorePart& part : parts)
    if (part.kind == kind) return part.body;
  FAIL("no such section");
  return parts[0].body;
}

// What reading every series says, once the block is open.
Result<void> read_all(const std::vector<fuzz::StorePart>& parts) {
  testing::TestStore store;
  const BlockMeta meta = testing::meta_of(1);
  REQUIRE(store.bucket->put_all(block_key(meta.id), fuzz::put_together(parts).block, PutCondition::none()).ok());
  NIGHTLIGHT_ASSIGN(block, store.open(meta));
  std::unique_ptr<LabelReader> labels = block->label_reader();
  for (uint32_t ordinal = 0; ordinal < block->series_count(); ++ordinal) NIGHTLIGHT_TRY(labels->labels(ordinal));
  std::unique_ptr<BlockCursor> cursor = block->cursor(INT64_MIN, INT64_MAX);
  SampleColumns samples;
  for (uint32_t ordinal = 0; ordinal < block->series_count(); ++ordinal) {
    samples.clear();
    NIGHTLIGHT_TRY(cursor->read(ordinal, &samples));
  }
  return block->verify();
}

// `body`: two varints, entries of `fields` varints of which the last two name a page, by number and with size 0. The
// second entry gets the page of the first.
void name_first_page_twice(Bytes& body, int fields) {
  BoundedReader in{ByteView(body)};
  auto skip = [&](int count) {
    for (int i = 0; i < count; ++i) in.varint();
  };
  auto at = [&] { return body.size() - in.remaining(); };
  skip(2 + fields - 2);
  const size_t first = at();
  skip(1);
  const size_t size = at() - first;
  skip(1 + fields - 2);
  const size_t second = at();
  skip(1);
  REQUIRE(at() - second == size);
  std::copy_n(body.begin() + static_cast<ptrdiff_t>(first), size, body.begin() + static_cast<ptrdiff_t>(second));
}

}  // namespace

TEST_CASE("a block taken apart and put together is the block") {
  Result<void> read = read_all(large_block());
  CHECK_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
}

TEST_CASE("a directory that names a page twice is found out, whichever kind of page") {
  std::vector<fuzz::StorePart> parts = large_block();
  SUBCASE("label sets") { name_first_page_twice(section(parts, kLabelSetPages), 2); }
  SUBCASE("samples") { name_first_page_twice(section(parts, kDataPages), 5); }
  Result<void> read = read_all(parts);
  REQUIRE(!read.ok());
  CHECK(read.error().message.find("a page belongs to other series") != std::string::npos);
}

TEST_CASE("a fingerprint of other label sets is found when the block is verified") {
  std::vector<fuzz::StorePart> parts = large_block();
  section(parts, kLabelFingerprint)[3] ^= 1;
  Result<void> read = read_all(parts);
  REQUIRE(!read.ok());
  CHECK(read.error().message.find("the fingerprint is not that of these label sets") != std::string::npos);
}

TEST_CASE("ids of series that leave the numbers are refused") {
  // One new series, or one sample, of which the id is the greatest difference there is.
  for (int kind : {1, 2}) {
    std::string bytes;
    for (uint8_t series = 0; series < 2; ++series) {
      if (series == 0) bytes += {static_cast<char>(kind), 2, 2};
      if (series == 0 && kind == 1) bytes += '\0';
      if (series == 1) bytes += std::string("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    }
    bytes += std::string(40, '\0');
    DecodedBatch batch;
    CHECK(!batch.decode(bytes).ok());
  }
}

TEST_CASE("a record whose series has an id that was never given is damage, and what is around it is kept") {
  auto payload_of = [](uint32_t id, const char* name) {
    LogBatch batch;
    batch.new_series = {id};
    batch.labels = {{str("__name__"), str("m")}, {str("s"), str(name)}};
    batch.label_ends = {2};
    batch.sample_series = {id};
    batch.timestamps_ms = {StoreWorld::kBegin};
    batch.value_bits = {std::bit_cast<uint64_t>(1.5)};
    std::string bytes;
    encode_batch(batch, bytes);
    return Bytes(bytes.begin(), bytes.end());
  };
  for (uint32_t id : {uint32_t{1}, uint32_t{1000}, (uint32_t{1} << 22) + 9, uint32_t{1} << 30, UINT32_MAX - 1}) {
    CAPTURE(id);
    const auto record = static_cast<uint8_t>(fuzz::PartKind::kRecord);
    const fuzz::StoreFiles files = fuzz::put_together({{static_cast<uint8_t>(fuzz::PartKind::kSegment), {}},
                                                       {record, payload_of(0, "before")},
                                                       {record, payload_of(id, "there")},
                                                       {record, payload_of(2, "behind")}});
    StoreWorld world(1);
    for (const char* directory : {"data/blocks", "data/wal"}) REQUIRE(world.files.create_directories(directory).ok());
    for (const auto& [name, bytes] : files.named()) {
      auto file = world.files.open("data/" + name, OpenMode::kCreate);
      REQUIRE(file.ok());
      REQUIRE((*file)->append(bytes.data(), bytes.size()).ok());
    }
    {
      auto directory = open_data_directory(world.files, "data", DirectoryUse::kLook);
      REQUIRE(directory.ok());
      ByteProgress progress([](uint64_t, uint64_t) {});
      auto checked = check_directory(**directory, progress);
      REQUIRE(checked.ok());
      const bool told = std::any_of(checked->damages.begin(), checked->damages.end(), [](const Damage& damage) {
        return damage.what == "record 2: a series has an id that was not given yet";
      });
      CHECK(told == (id >= 1 << 22));
    }
    REQUIRE(world.open().ok());
    std::string wrong;
    const Samples read = world.read(&wrong);
    CHECK(wrong == "");
    CHECK(read.contains("before"));
    CHECK(read.contains("behind"));
    CHECK(read.contains("there") == (id < 1 << 22));
    CHECK(world.files.exists("data/wal/quarantine").value() == (id >= 1 << 22));
  }
}

TEST_CASE("a snapshot whose series has an id that it has no room for is damaged") {
  const auto record = static_cast<uint8_t>(fuzz::PartKind::kSeriesRecord);
  LogBatch batch;
  batch.new_series = {1 << 20};
  batch.labels = {{str("__name__"), str("m")}};
  batch.label_ends = {1};
  std::string bytes;
  encode_batch(batch, bytes);
  Bytes body{1};
  SUBCASE("of a series") { body.insert(body.end(), bytes.begin(), bytes.end()); }
  SUBCASE("of newest samples") {
    body = {2};
    put_varint(body, 1 << 20);
  }
  const fuzz::StoreFiles files =
      fuzz::put_together({{static_cast<uint8_t>(fuzz::PartKind::kSeriesPosition), {}}, {record, body}, {record, {3}}});
  testing::TestStore store;
  REQUIRE(store.bucket->put_all(kSeriesKey, files.series, PutCondition::none()).ok());
  Head head(HeadOptions{});
  auto read = read_series_snapshot(*store.bucket, head);
  REQUIRE(!read.ok());
  CHECK(read.error().code == Code::kDataLoss);
  CHECK(head.series_count() == 0);
}

TEST_CASE("tombstones that do not ascend are refused, not sorted") {
  Bytes body;
  put_varint(body, 1);  // Series, its ordinal, its ranges.
  put_varint(body, 0);
  put_varint(body, 2);
  SUBCASE("backwards") {
    for (int64_t t : {30, 40, 10, 20}) put_signed(body, t);
  }
  SUBCASE("touching") {
    for (int64_t t : {10, 20, 21, 30}) put_signed(body, t);
  }
  SUBCASE("ending before they begin") {
    for (int64_t t : {10, 20, 40, 30}) put_signed(body, t);
  }
  SUBCASE("at the end of time") {
    for (int64_t t : {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX}) put_signed(body, t);
  }
  const std::string bytes = fuzz::put_together({{kTombstones, body}}).tombstones;
  CHECK(!Tombstones::decode(bytes).ok());
  CHECK(Tombstones::decode(fuzz::put_together({{kTombstones, {1, 0, 1, 0, 2}}}).tombstones).ok());
}
