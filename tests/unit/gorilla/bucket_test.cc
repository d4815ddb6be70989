#include <doctest/doctest.h>

#include "gorilla/block/ulid.h"
#include "gorilla/catalog/catalog.h"
#include "test_block.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

TEST_CASE("a bucket keeps what was put, under its conditions") {
  TestStore store;
  Bucket& bucket = *store.bucket;
  auto tag = bucket.put_all("a/b", "one", PutCondition::absent());
  REQUIRE(tag.ok());
  CHECK(bucket.get_all("a/b", 10).value() == "one");
  CHECK(bucket.get_all("a/b", 2).error().code == Code::kResourceExhausted);
  CHECK(bucket.head("a/b")->tag == *tag);
  CHECK(bucket.put_all("a/b", "two", PutCondition::absent()).error().code == Code::kAlreadyExists);
  auto second = bucket.put_all("a/b", "two", PutCondition::match(*tag));
  REQUIRE(second.ok());
  CHECK(bucket.put_all("a/b", "three", PutCondition::match(*tag)).error().code == Code::kFailedPrecondition);
  CHECK(bucket.get_all("a/b", 10).value() == "two");
  CHECK(bucket.put_all("c", "", PutCondition::none()).ok());
  CHECK(bucket.list("").value() == std::vector<std::string>{"a/b", "c"});
  CHECK(bucket.list("a/").value() == std::vector<std::string>{"a/b"});
  CHECK(bucket.remove("a/b").ok());
  CHECK(bucket.remove("a/b").error().code == Code::kNotFound);
  CHECK(bucket.open("a/b").error().code == Code::kNotFound);
  for (const char* key : {"", "/a", "a/", "../a", "a/../b", "a//b", ".hidden", "a b"})
    CHECK(bucket.put_all(key, "x", PutCondition::none()).error().code == Code::kInvalidArgument);
}

TEST_CASE("an object stays readable while it is open, and an upload that is not committed leaves nothing") {
  TestStore store;
  REQUIRE(store.bucket->put_all("a", "content", PutCondition::none()).ok());
  auto object = store.bucket->open("a").value();
  REQUIRE(store.bucket->remove("a").ok());
  char text[7];
  CHECK(object->read(0, text, 7).ok());
  CHECK(object->read(1, text, 7).error().code == Code::kDataLoss);
  auto upload = store.bucket->put("b", PutCondition::none()).value();
  REQUIRE(upload->append("x", 1).ok());
  upload.reset();
  CHECK(store.files.list("/store").value().empty());
}

TEST_CASE("a simulated loss of power leaves a renamed file one name, and of a failed sync no more than it wrote") {
  int renamed = 0, written = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    SimulatedFileSystem files(seed);
    REQUIRE(files.create_directories("/store").ok());
    auto file = files.open("/store/old", OpenMode::kCreate).value();
    REQUIRE(file->append("old", 3).ok());
    REQUIRE(file->sync().ok());
    REQUIRE(files.sync_directory("/store").ok());
    REQUIRE(file->pwrite(0, "new", 3).ok());
    files.fail_at(1, Code::kUnavailable);
    CHECK(!file->sync().ok());
    CHECK(read_file(files, "/store/old", 10).value() == "new");
    CHECK(file->sync().ok());  // And writes nothing.
    if (seed % 2 == 0) REQUIRE(files.rename("/store/old", "/store/new").ok());
    if (seed % 4 == 0) REQUIRE(files.rename("/store/new", "/store/newer").ok());
    files.crash();
    const std::vector<std::string> names = files.list("/store").value();
    REQUIRE(names.size() == 1);
    renamed += names[0] != "old";
    const std::string content = read_file(files, "/store/" + names[0], 10).value();
    written += content == "new";
    CHECK((content == "new" || content == "old"));
  }
  CHECK(renamed > 5);
  CHECK(renamed < 25);
  CHECK(written > 15);
  CHECK(written < 45);
}

TEST_CASE("what a start finds in a bucket survives a loss of power, whatever the process before had failed at") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    SimulatedFileSystem files(seed);
    auto bucket = open_local_bucket(files, "/store").value();
    REQUIRE(bucket->put_all("one", "old", PutCondition::absent()).ok());
    files.halt_at(1 + seed % 5);
    const bool done = bucket->put_all("one", "new", PutCondition::none()).ok();
    bucket.reset();
    files.go_on();
    bucket = open_local_bucket(files, "/store").value();
    const std::string found = bucket->get_all("one", 10).value();
    CHECK((found == "new" || !done));
    files.crash();
    bucket = open_local_bucket(files, "/store").value();
    CHECK(bucket->get_all("one", 10).value() == found);
  }
}

TEST_CASE("after a crash at any moment an object is there whole or not at all, and committed ones are there") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimulatedFileSystem files(seed);
    auto bucket = open_local_bucket(files, "/store").value();
    files.halt_at(1 + seed % 12);
    std::string content(1500, 'x');
    bool first = bucket->put_all("one", content, PutCondition::absent()).ok();
    bool second = bucket->put_all("two", content, PutCondition::absent()).ok();
    files.crash();
    bucket = open_local_bucket(files, "/store").value();
    for (auto [key, committed] : {std::pair("one", first), std::pair("two", second)}) {
      auto got = bucket->get_all(key, 10000);
      CAPTURE(seed);
      CHECK((got.ok() ? *got == content : !committed));
    }
    std::vector<std::string> names = files.list("/store").value();
    for (const std::string& name : names) CHECK(name.front() != '.');
  }
}

TEST_CASE("a ULID is what others write") {
  Ulid id = Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").value();
  CHECK(id.to_string() == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(id.time_ms() == 1469922850259);
  CHECK(Ulid::make(5).time_ms() == 5);
  CHECK(Ulid::make(5) < Ulid::make(6));
  CHECK(!Ulid::parse("81ARZ3NDEKTSV4RRFFQ69G5FAV").ok());
  CHECK(!Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FA").ok());
  CHECK(!Ulid::parse("01ARZ3NDEKTSV4RRFFQ69G5FAU ").ok());
}

TEST_CASE("the catalog swaps blocks in one step, and only from the generation that the caller saw") {
  TestStore store;
  auto catalog = open_catalog(*store.bucket).value();
  std::vector<BlockMeta> one{meta_of(1)}, two{meta_of(2)};
  one[0].log_ranges = {{0, 5, 99}};
  one[0].sources = {one[0].id};
  auto first = catalog->commit(one, {}, 0);
  REQUIRE(first.ok());
  CHECK((*first)->generation == 1);
  CHECK(catalog->commit(two, {}, 0).error().code == Code::kAborted);
  CHECK(catalog->commit(one, {}, 1).error().code == Code::kInvalidArgument);
  std::vector<Ulid> gone{one[0].id};
  REQUIRE(catalog->commit(two, gone, 1).ok());
  CHECK(catalog->commit({}, gone, 2).error().code == Code::kInvalidArgument);
  auto again = open_catalog(*store.bucket).value();
  CHECK(again->state()->generation == 2);
  CHECK(again->state()->blocks == two);
  // Another holder that did not see the second commit cannot overwrite it.
  REQUIRE(again->commit({}, std::vector<Ulid>{two[0].id}, 2).ok());
  CHECK(!catalog->commit(one, {}, 2).ok());
}

TEST_CASE("a catalog survives a crash at any moment with the old or the new state") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedFileSystem files(seed);
    auto bucket = open_local_bucket(files, "/store").value();
    auto catalog = open_catalog(*bucket).value();
    REQUIRE(catalog->commit(std::vector<BlockMeta>{meta_of(1)}, {}, 0).ok());
    files.halt_at(1 + seed % 6);
    bool done = catalog->commit(std::vector<BlockMeta>{meta_of(2)}, {}, 1).ok();
    files.crash();
    bucket = open_local_bucket(files, "/store").value();
    auto after = open_catalog(*bucket);
    CAPTURE(seed);
    REQUIRE(after.ok());
    uint64_t generation = (*after)->state()->generation;
    CHECK((done ? generation == 2 : generation == 1 || generation == 2));
    CHECK((*after)->state()->blocks.size() == generation);
  }
}

TEST_CASE("a damaged catalog is told") {
  CatalogState state{7, {meta_of(1), meta_of(2)}};
  std::string bytes = encode_catalog(state);
  CHECK(decode_catalog(bytes)->blocks == state.blocks);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    CHECK(!decode_catalog(flipped).ok());
    CHECK(!decode_catalog(bytes.substr(0, i)).ok());
  }
}
