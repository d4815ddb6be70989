// Whole files of the store, behind their checksums: a block is opened, verified and read in every way, and a data
// directory is started on, read, sealed, compacted and started on again. Whatever is in them: errors, never a crash,
// and what verify() finds sound can be read.
//
// An input is a list of parts (store_files.h), of which the files are put together with right checksums and with
// references that lead to their pages, so that a changed byte is a lie and not a damage. Seeds are made of what the
// store writes: an empty input becomes one.
#include <cstdlib>
#include <cstring>

#include "gorilla/block/page_cache.h"
#include "gorilla/log/log_batch.h"
#include "model/matcher.h"
#include "store_files.h"
#include "unit/gorilla/store_world.h"
#include "unit/gorilla/test_block.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using namespace nightlight;
using namespace nightlight::gorilla;
using fuzz::StoreFiles;
using fuzz::StorePart;

void require(bool condition) {
  if (!condition) std::abort();
}

// ---- a block alone ----

class MemoryObject final : public BucketObject {
 public:
  explicit MemoryObject(std::string bytes) : bytes_(std::move(bytes)) {}
  const std::string& key() const override { return key_; }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, void* out, size_t size) const override {
    require(offset <= bytes_.size() && size <= bytes_.size() - offset);
    std::memcpy(out, bytes_.data() + offset, size);
    return {};
  }

 private:
  const std::string key_ = "block.nlb";
  const std::string bytes_;
};

Result<void> read_labels(const Block& block) {
  NIGHTLIGHT_ASSIGN(names, block.label_names());
  for (const std::string& name : names) {
    NIGHTLIGHT_ASSIGN(values, block.label_values(name));
    uint64_t counted = 0;
    NIGHTLIGHT_TRY(block.value_counts(name, [&](std::string_view, uint64_t) { ++counted; }));
    if (counted != values.size()) return Error{Code::kDataLoss, "values were counted otherwise than listed"};
    const std::string some = values.empty() ? "" : values[values.size() / 2];
    for (MatchOp op : {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex, MatchOp::kNotRegex}) {
      const char* text = op == MatchOp::kEqual || op == MatchOp::kNotEqual ? some.c_str() : "[a-m].*|";
      auto matcher = LabelMatcher::compile(op, name, text);
      if (!matcher.ok()) continue;
      NIGHTLIGHT_ASSIGN(found, block.select({&*matcher, 1}));
      NIGHTLIGHT_TRY(block.label_names(&found));
      NIGHTLIGHT_TRY(block.label_values(name, &found));
    }
  }
  // Backwards, so that pages are left and met again.
  std::unique_ptr<LabelReader> reader = block.label_reader();
  for (uint32_t ordinal = block.series_count(); ordinal-- > 0;) NIGHTLIGHT_TRY(reader->labels(ordinal));
  return {};
}

Result<void> read_samples(const Block& block, int64_t start_ms, int64_t end_ms) {
  std::unique_ptr<BlockCursor> cursor = block.cursor(start_ms, end_ms);
  SampleColumns samples;
  for (uint32_t ordinal = 0; ordinal < block.series_count(); ++ordinal) {
    samples.clear();
    NIGHTLIGHT_TRY(cursor->read(ordinal, &samples));
    require(samples.values.size() == samples.timestamps_ms.size());
    for (int64_t time : samples.timestamps_ms) require(time >= start_ms && time <= end_ms);
  }
  return {};
}

void read_block(const StoreFiles& files) {
  PageCache cache(1 << 20);
  auto block = Block::open(std::make_shared<MemoryObject>(files.block), cache);
  if (!block.ok()) return;
  const BlockMeta& meta = (*block)->meta();
  const int64_t middle = meta.min_time_ms / 2 + meta.max_time_ms / 2;
  const bool labels = read_labels(**block).ok();
  const bool samples = read_samples(**block, INT64_MIN, INT64_MAX).ok();
  const bool some = read_samples(**block, meta.min_time_ms, middle).ok();
  if ((*block)->verify().ok()) require(labels && samples && some);
}

// ---- a data directory ----

void put(SimulatedFileSystem& files, const std::string& path, const std::string& bytes) {
  auto file = files.open(path, OpenMode::kCreate);
  require(file.ok() && (*file)->append(bytes.data(), bytes.size()).ok());
}

void read_store(StoreWorld& world) {
  // What is damaged cannot be read to its end.
  (void)world.each_series(MatchOp::kNotEqual, "no", [](SeriesSet&, const SeriesSamples& s) {
    for (uint64_t i = 1; i < s.values.size; ++i) require(s.timestamps_ms[i] > s.timestamps_ms[i - 1]);
  });
}

// A head has room for every id up to its greatest, and the store's own ids have no gaps: inputs with great ids would be
// found to need memory, and nothing else.
bool has_great_ids(const std::vector<StorePart>& parts) {
  DecodedBatch batch;
  for (const StorePart& part : parts) {
    const bool in_series = part.kind == static_cast<uint8_t>(fuzz::PartKind::kSeriesRecord);
    std::string_view bytes(reinterpret_cast<const char*>(part.body.data()), part.body.size());
    if (in_series && !bytes.empty()) bytes.remove_prefix(1);
    // What is refused may have defined some before.
    static_cast<void>(batch.decode(bytes).ok());
    for (uint32_t id : batch.batch().new_series)
      if (id > 1 << 16) return true;
  }
  return false;
}

void live_on(const StoreFiles& files) {
  StoreWorld world(1);
  for (const char* directory : {"data/blocks", "data/wal"}) require(world.files.create_directories(directory).ok());
  for (const auto& [name, bytes] : files.named()) put(world.files, "data/" + name, bytes);
  if (!world.open().ok()) return;
  read_store(world);
  world.store().compact();
  const bool sealed = world.stop();
  // What the store has written itself, it can read.
  require(world.open().ok() || !sealed);
  if (sealed) read_store(world);
}

// ---- seeds ----

std::string read_whole(SimulatedFileSystem& files, const std::string& path) {
  auto bytes = read_file(files, path, UINT64_MAX);
  return bytes.ok() ? *bytes : std::string();
}

std::string block_seed(uint64_t number) {
  testing::TestStore store;
  // Some have buckets of histograms, which are told from each other.
  const bool buckets = number % 8 == 5;
  const auto level = static_cast<uint32_t>(buckets ? 2 : number % 3);
  // Some have several pages of label sets.
  const testing::TestData data =
      buckets           ? testing::generate_buckets(number, 1 + number / 8 % 4, 40, 1'700'000'000'000, 15'000)
      : number % 8 == 7 ? testing::generate(number, 300, 2, 1'700'000'000'000, 600'000)
                        : testing::generate(number, 2 + number % 14, 3 + number % 20, 1'700'000'000'000, 600'000);
  auto meta = testing::write_block(*store.bucket, testing::meta_of(number, level), block_options_of_level(level), data);
  require(meta.ok());
  StoreFiles files;
  files.block = read_whole(store.files, "/store/" + block_key(meta->id));
  return fuzz::join_parts(fuzz::take_apart(files));
}

// A block with tombstones, its catalog, the series and a log that goes on after them.
std::string directory_seed(uint64_t number) {
  StoreWorld world(number);
  require(world.open().ok());
  const int64_t begin = StoreWorld::kBegin;
  for (int64_t i = 0; i < 4; ++i) {
    require(world.write({"a", "b", "c"}, begin + i * 15'000, static_cast<double>(i) / 4));
    if (i == 2) require(world.store().seal().ok());
  }
  (void)world.write({"a"}, begin + 20'000, 7);
  Matcher matcher{sizeof(Matcher), MatchOp::kEqual, str("s"), str("b")};
  const Matcher* matchers[] = {&matcher};
  Select select{};
  select.struct_size = sizeof select;
  select.start_ms = begin;
  select.end_ms = begin + 15'000;
  select.matchers = view_of(matchers);
  if (number % 2 == 0) require(world.store().delete_series(&select).ok());
  world.close();
  StoreFiles files;
  files.series = read_whole(world.files, "data/blocks/series");
  files.catalog = read_whole(world.files, "data/blocks/catalog");
  const std::vector<std::string> objects = world.files.list("data/blocks").value();
  for (const std::string& name : objects) {
    if (name.ends_with(".nlb")) files.block = read_whole(world.files, "data/blocks/" + name);
    if (name.ends_with(".nlt")) files.tombstones = read_whole(world.files, "data/blocks/" + name);
  }
  const std::vector<std::string> segments = world.files.list("data/wal").value();
  for (const std::string& name : segments)
    if (name.ends_with(".wal")) files.segments.push_back(read_whole(world.files, "data/wal/" + name));
  return fuzz::join_parts(fuzz::take_apart(files));
}

std::string seed_of(uint64_t number) { return number % 4 == 0 ? directory_seed(number / 4) : block_seed(number); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<StorePart> parts = fuzz::split_parts({data, size});
  const StoreFiles files = fuzz::put_together(parts);
  if (!files.block.empty()) read_block(files);
  const bool directory = !files.segments.empty() || !files.series.empty() || !files.catalog.empty();
  if (directory && !has_great_ids(parts)) live_on(files);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  std::string out;
  std::vector<StorePart> parts = fuzz::split_parts({data, size});
  if (parts.size() < 2) {
    out = seed_of(seed % 64);
  } else if (seed % 4 != 0) {
    // One part, within its bounds.
    Bytes& body = parts[seed / 4 % parts.size()].body;
    const size_t before = body.size();
    body.resize(before + 16);
    body.resize(LLVMFuzzerMutate(body.data(), before, body.size()));
    out = fuzz::join_parts(parts);
  } else {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  if (out.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, out.data(), out.size());
  return out.size();
}
