// A disk that has an end: what goes on when it is reached, what the reserve is for, and that it is taken again.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "gorilla/file/disk_reserve.h"
#include "store_world.h"

using namespace nightlight;
using namespace nightlight::gorilla;

namespace {

constexpr int64_t kBegin = StoreWorld::kBegin, kMinute = 60'000;
constexpr uint64_t kKiB = 1024, kReserve = 256 * kKiB, kCapacity = 8192 * kKiB;

// A store on a small disk, with a block for each of some hours.
struct SmallDisk : StoreWorld {
  explicit SmallDisk(uint64_t reserve_bytes, uint64_t max_head_samples = UINT64_MAX) : StoreWorld(1) {
    options.wal_segment_bytes = 256 * kKiB;
    options.disk_reserve_bytes = reserve_bytes;
    // By default, however slowly samples come, no seal frees the log before it is full.
    options.max_head_samples = max_head_samples;
    files.set_capacity(kCapacity);
    for (int s = 0; s < 100; ++s) series.push_back("series-" + std::to_string(s));
    REQUIRE(open().ok());
    for (int block = 0; block < 3; ++block) {
      for (int i = 0; i < 5; ++i) REQUIRE(write_next());
      REQUIRE(store().seal().ok());
    }
  }

  bool write_next() {
    ++written;
    return write(series, kBegin + written * kMinute, static_cast<double>(written * 31 % 977) / 8);
  }
  uint64_t free() { return files.free_space("data").value(); }
  // Somebody else takes all that is left, or gives it back.
  void fill() {
    auto file = files.open("ballast", OpenMode::kTruncate);
    REQUIRE(file.ok());
    REQUIRE((*file)->preallocate(free()).ok());
  }
  void clear() { REQUIRE(files.remove("ballast").ok()); }
  // Writes until the log finds no room.
  void write_until_full() {
    for (int i = 0; write_next(); ++i) REQUIRE(i < 5000);
    CHECK(!store().health().ok());
  }
  Status remove(const std::string& name) {
    Matcher matcher{sizeof(Matcher), MatchOp::kEqual, str("s"), str(name)};
    const Matcher* matchers[] = {&matcher};
    Select select{};
    select.struct_size = sizeof select;
    select.matchers = view_of(matchers);
    select.start_ms = INT64_MIN;
    select.end_ms = INT64_MAX;
    Status removed = store().delete_series(&select);
    if (removed.ok()) {
      for (auto* journal : {&acked, &sent}) journal->erase(name);
      std::erase(series, name);
    }
    return removed;
  }
  size_t objects() { return files.list("data/blocks").value().size(); }

  std::vector<std::string> series;
  int64_t written = 0;
};

}  // namespace

TEST_CASE("a reserve is an eighth of what is free at most, and is taken again when there is room") {
  SimulatedFileSystem files(1);
  REQUIRE(files.create_directories("data").ok());
  files.set_capacity(800 * kKiB);
  DiskReserve reserve(files, "data/reserve", 200 * kKiB);
  reserve.keep();
  CHECK(reserve.held_bytes() == 100 * kKiB);
  CHECK(files.free_space("data").value() == 700 * kKiB);
  // Twice the room, twice the reserve; a little more room, no more of it.
  files.set_capacity(900 * kKiB);
  reserve.keep();
  CHECK(reserve.held_bytes() == 100 * kKiB);
  files.set_capacity(1600 * kKiB);
  reserve.keep();
  CHECK(reserve.held_bytes() == 200 * kKiB);

  CHECK(reserve.release());
  CHECK(reserve.is_out());
  CHECK(reserve.held_bytes() == 0);
  CHECK(!reserve.release());
  files.set_capacity(199 * kKiB);
  reserve.keep();
  CHECK(reserve.is_out());
  CHECK(files.free_space("data").value() == 199 * kKiB);
  files.set_capacity(200 * kKiB);
  reserve.keep();
  CHECK(!reserve.is_out());
  CHECK(reserve.held_bytes() == 200 * kKiB);
  CHECK(reserve.releases() == 1);

  SUBCASE("what is there at a start is kept") {
    DiskReserve next(files, "data/reserve", 200 * kKiB);
    CHECK(next.held_bytes() == 200 * kKiB);
    CHECK(next.release());
  }
  SUBCASE("unless less is wanted") {
    DiskReserve next(files, "data/reserve", 0);
    CHECK(next.held_bytes() == 0);
    CHECK(!files.exists("data/reserve").value());
    next.keep();
    CHECK(!files.exists("data/reserve").value());
    CHECK(!next.release());
  }
}

TEST_CASE("on a full disk the head is sealed from the reserve, and writes go on in the room that the log gives back") {
  SmallDisk disk(kReserve);
  disk.fill();
  CHECK(disk.free() == 0);
  disk.write_until_full();
  CHECK(disk.broken_promise() == "");
  REQUIRE(disk.store().seal().ok());
  CHECK(disk.files.size("data/reserve").value() == kReserve);
  CHECK(disk.write_next());
  CHECK(disk.store().health().ok());
  CHECK(disk.broken_promise() == "");
  REQUIRE(disk.stop());
  REQUIRE(disk.open().ok());
  CHECK(disk.broken_promise() == "");
}

TEST_CASE("without a reserve a full disk lets nothing be sealed until somebody makes room") {
  SmallDisk disk(0);
  disk.fill();
  disk.write_until_full();
  CHECK(!disk.store().seal().ok());
  CHECK(!disk.write_next());
  CHECK(disk.broken_promise() == "");
  disk.clear();
  CHECK(disk.write_next());
  CHECK(disk.store().seal().ok());
  CHECK(disk.broken_promise() == "");
}

TEST_CASE("a head that is full because nothing can be sealed tells why, and asks no sender to slow down") {
  SmallDisk disk(0, 100);
  REQUIRE(disk.write_next());
  disk.fill();
  REQUIRE(!disk.store().seal().ok());
  AppendResult result{};
  result.struct_size = sizeof result;
  for (int i = 0; disk.write_next(); ++i) REQUIRE(i < 5000);
  BatchBuilder builder;
  builder.series({{"__name__", "m"}, {"s", "one more"}}, {{kBegin, 1}});
  CHECK(disk.store().append(&builder.batch(), &result).code == Code::kUnavailable);
  CHECK(view(disk.host.last_error()).starts_with("the head is full, and cannot be sealed: "));
  CHECK(disk.broken_promise() == "");
  disk.clear();
  REQUIRE(disk.store().seal().ok());
  CHECK(disk.write_next());
  CHECK(disk.broken_promise() == "");
}

TEST_CASE("while the reserve is out the log takes none of it, and goes on when it is back") {
  SmallDisk disk(kReserve);
  REQUIRE(disk.write_next());
  disk.fill();
  // Frees nothing, and so the reserve stays out.
  REQUIRE(disk.remove("series-7").ok());
  CHECK(!disk.files.exists("data/reserve").value());
  disk.write_until_full();
  // By and by a seal frees the log's files, and then it is back.
  if (!disk.files.exists("data/reserve").value()) CHECK(disk.free() > kReserve / 2);
  CHECK(disk.broken_promise() == "");
  disk.clear();
  REQUIRE(disk.store().seal().ok());
  CHECK(disk.files.exists("data/reserve").value());
  CHECK(disk.write_next());
  CHECK(disk.broken_promise() == "");
}

TEST_CASE("blocks are compacted while a twentieth of the disk stays free, and no longer") {
  constexpr uint64_t kLeft = kCapacity / 20;
  SmallDisk disk(kReserve);
  REQUIRE(disk.stop());
  // From now on compactions are due.
  disk.options.block_duration_ms = 5 * kMinute;
  uint64_t left = 0;
  SUBCASE("less is free") { left = kLeft - 100 * kKiB; }
  SUBCASE("not much more is free than that") { left = kLeft + 100; }
  auto leave = [&](uint64_t size) {
    auto file = disk.files.open("ballast", OpenMode::kTruncate);
    REQUIRE(file.ok());
    REQUIRE((*file)->preallocate(disk.free() - size).ok());
  };
  leave(100 * kKiB);
  REQUIRE(disk.open().ok());
  leave(left);
  const std::vector<std::string> before = disk.files.list("data/blocks").value();
  disk.store().compact();
  CHECK(disk.files.list("data/blocks").value() == before);
  leave(kLeft + 200 * kKiB);
  disk.store().compact();
  CHECK(disk.files.list("data/blocks").value() != before);
  CHECK(disk.broken_promise() == "");
}

TEST_CASE("retention and deletes go on on a full disk") {
  SmallDisk disk(kReserve);
  const size_t before = disk.objects();
  SUBCASE("retention by size") {
    REQUIRE(disk.stop());
    disk.options.retention_bytes = 1;
    REQUIRE(disk.open().ok());
    disk.fill();
    disk.store().drop_expired();
    CHECK(disk.objects() < before - 2);
  }
  SUBCASE("deletes") {
    disk.fill();
    disk.write_until_full();
    // A seal that the full log has begun may have the reserve for a moment.
    bool removed = false;
    for (int tries = 0; !removed && tries < 200; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      removed = disk.remove("series-7").ok();
    }
    REQUIRE(removed);
    CHECK(disk.broken_promise() == "");
    CHECK(disk.store().clean_tombstones(nullptr).ok());
    CHECK(disk.broken_promise() == "");
  }
  CHECK(disk.files.exists("data/reserve").value());
}
