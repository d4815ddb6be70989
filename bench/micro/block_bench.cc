// Blocks: codecs, pages, merges. Time is ns a sample; beside it stands what the machine needs at the least for the same
// bytes ("bound/..."). Merges also tell the bytes a sample of what they wrote, on the load generator's data.
//   codec decode   bound: storing 8 bytes a sample
//   page           bound: pread of the stored bytes
//   merge          bound: reading and writing the blocks' bytes once, and the memory traffic of 16 bytes a sample twice
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "../load/series.h"
#include "gorilla/block/data_reader.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/chunk/values.h"
#include "gorilla/compact/merge.h"
#include "gorilla/file/file_system.h"

namespace {

using namespace nightlight;
using namespace nightlight::gorilla;

constexpr int64_t kStepMs = 15000, kBeginMs = 1'699'920'000'000;  // The beginning of a UTC day.
constexpr uint64_t kSeed = 1;

void set_per_sample(benchmark::State& state, uint64_t samples_of_round) {
  state.counters["ns/sample"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(samples_of_round) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// ---- codecs

// A series of the load generator that has this shape, for two hours. Of a histogram's buckets: the first, or the one
// that counts so many.
std::vector<double> values_of(load::Shape shape, uint32_t buckets = 0) {
  const load::Fleet fleet(2000, kSeed);
  for (uint64_t i = 0; i < fleet.size(); ++i) {
    const load::SeriesSpec spec = fleet.series(i);
    if (spec.shape != shape || (buckets != 0 && spec.buckets != buckets)) continue;
    std::vector<double> out(480);
    for (uint64_t tick = 0; tick < out.size(); ++tick) out[tick] = load::Fleet::value(spec, i, tick, kSeed);
    return out;
  }
  return {};
}

void encode_shape(benchmark::State& state, load::Shape shape, ValueChoice choice) {
  const std::vector<double> values = values_of(shape);
  Bytes out;
  uint8_t kind = 0;
  for (auto _ : state) {
    out.clear();
    kind = encode_values(values, choice, out);
    benchmark::DoNotOptimize(out.data());
  }
  set_per_sample(state, values.size());
  state.counters["B/sample"] = static_cast<double>(out.size()) / static_cast<double>(values.size());
  state.SetLabel(value_encoding_name(kind));
}

void decode_shape(benchmark::State& state, load::Shape shape, ValueChoice choice) {
  const std::vector<double> values = values_of(shape);
  Bytes bytes;
  const uint8_t kind = encode_values(values, choice, bytes);
  std::vector<double> out(values.size());
  for (auto _ : state) {
    if (!decode_values(kind, bytes, out.size(), out.data())) state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_per_sample(state, values.size());
  state.SetLabel(value_encoding_name(kind));
}

// A bucket of which another has a third of the increments, and decoding of that other is not counted.
void decode_sibling(benchmark::State& state) {
  const std::vector<double> all = values_of(load::Shape::kBucket, 12);
  std::vector<double> some(all.size()), out(all.size());
  for (size_t i = 0; i < all.size(); ++i) some[i] = std::floor(all[i] / 3);
  const Sibling sibling{1, all};
  Bytes bytes;
  const uint8_t kind = encode_values(some, ValueChoice::kDense, bytes, {&sibling, 1});
  for (auto _ : state) {
    if (!decode_values(kind, bytes, out.size(), out.data(), all)) state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_per_sample(state, out.size());
  state.SetLabel(value_encoding_name(kind));
}

void decode_integer_codec(benchmark::State& state, size_t codec_index) {
  const IntegerCodec& codec = integer_codecs()[codec_index];
  std::vector<int64_t> values(480), out(480);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = codec.id == IntegerEncoding::kLinear ? static_cast<int64_t>(i) * 15000
                                                     : static_cast<int64_t>(i * 900 + load::mix(kSeed, i) % 400);
    if (codec.id == IntegerEncoding::kRunLength) values[i] = static_cast<int64_t>(i / 60);
  }
  Bytes bytes;
  if (!codec.encode(values, bytes)) return state.SkipWithError("cannot encode");
  for (auto _ : state) {
    if (!codec.decode(bytes, out.size(), out.data())) state.SkipWithError("cannot decode");
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_per_sample(state, values.size());
}

void bound_store(benchmark::State& state) {
  std::vector<double> from(480, 1.5), to(480);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), to.size() * sizeof(double));
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  set_per_sample(state, to.size());
}

// ---- blocks

constexpr uint64_t kSeries = 2500;
constexpr uint64_t kTicksOfSeal = 80, kSealsOfWindow = 6, kWindowsOfDay = 12;

// A day of the fleet as the store would have it: sealed every 20 minutes, then windows of two hours, then the day. Made
// once, on the real disk.
class Day {
 public:
  Day() : directory_(std::filesystem::temp_directory_path() / ("nightlight-bench-" + std::to_string(::getpid()))) {
    bucket_ = open_local_bucket(posix_file_system(), directory_.string()).value();
    const load::Fleet fleet(kSeries, kSeed);
    for (uint64_t i = 0; i < kSeries; ++i) specs_.emplace_back(fleet.series(i), i);
    std::sort(specs_.begin(), specs_.end(),
              [](const auto& a, const auto& b) { return a.first.labels < b.first.labels; });
    for (uint64_t w = 0; w < kWindowsOfDay; ++w) {
      OpenBlocks seals;
      for (uint64_t s = 0; s < kSealsOfWindow; ++s) seals.push_back(seal(w * kSealsOfWindow + s));
      if (w == 0) first_window_ = seals;
      windows_.push_back(merge(seals, 1));
    }
  }
  ~Day() {
    windows_.clear();
    first_window_.clear();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  const OpenBlocks& first_window() const { return first_window_; }
  const OpenBlocks& windows() const { return windows_; }

  std::shared_ptr<const OpenBlock> merge(const OpenBlocks& from, uint32_t level) {
    BlockMeta meta;
    meta.id = Ulid::make(kBeginMs, ++number_);
    meta.level = level;
    auto merged = merge_blocks(from, *bucket_, meta, block_options_of_level(level), [] { return true; });
    return open(**merged);
  }
  void remove(const OpenBlock& block) { (void)bucket_->remove(block_key(block.meta.id)); }

 private:
  std::shared_ptr<const OpenBlock> open(const BlockMeta& meta) {
    auto out = std::make_shared<OpenBlock>();
    out->meta = meta;
    out->block = Block::open(bucket_->open(block_key(meta.id)).value(), cache_).value();
    return out;
  }

  std::shared_ptr<const OpenBlock> seal(uint64_t number) {
    BlockMeta meta;
    meta.id = Ulid::make(kBeginMs, ++number_);
    auto writer = BlockWriter::create(*bucket_, meta, block_options_of_level(0)).value();
    std::vector<int64_t> times(kTicksOfSeal);
    std::vector<double> values(kTicksOfSeal);
    std::vector<LabelView> labels;
    for (const auto& [spec, i] : specs_) {
      for (uint64_t k = 0; k < kTicksOfSeal; ++k) {
        const uint64_t tick = number * kTicksOfSeal + k;
        // A target is scraped with a little jitter, all of its series at once: 237 series a target.
        times[k] = kBeginMs + static_cast<int64_t>(tick) * kStepMs + static_cast<int64_t>(load::mix(i / 237, tick) % 4);
        values[k] = load::Fleet::value(spec, i, tick, kSeed);
      }
      labels.assign(spec.labels.begin(), spec.labels.end());
      SeriesInput in;
      in.labels = labels;
      in.timestamps_ms = times;
      in.values = values;
      if (!writer->add(in).ok()) std::abort();
    }
    return open(writer->finish().value());
  }

  std::filesystem::path directory_;
  std::unique_ptr<Bucket> bucket_;
  PageCache cache_{uint64_t{64} << 20};
  std::vector<std::pair<load::SeriesSpec, uint64_t>> specs_;
  uint64_t number_ = 0;
  OpenBlocks first_window_, windows_;
};

Day& day() {
  static Day made;
  return made;
}

uint64_t bytes_of(const OpenBlocks& blocks) {
  uint64_t out = 0;
  for (const auto& block : blocks) out += block->meta.stats.size_bytes;
  return out;
}
uint64_t samples_of(const OpenBlocks& blocks) {
  uint64_t out = 0;
  for (const auto& block : blocks) out += block->meta.stats.float_samples;
  return out;
}

void merge(benchmark::State& state, bool to_day) {
  const OpenBlocks& from = to_day ? day().windows() : day().first_window();
  uint64_t bytes = 0;
  for (auto _ : state) {
    const auto made = day().merge(from, to_day ? 2 : 1);
    bytes = made->meta.stats.size_bytes;
    state.PauseTiming();
    day().remove(*made);
    state.ResumeTiming();
  }
  const auto samples = static_cast<double>(samples_of(from));
  set_per_sample(state, samples_of(from));
  state.counters["B/sample in"] = static_cast<double>(bytes_of(from)) / samples;
  state.counters["B/sample out"] = static_cast<double>(bytes) / samples;
}

void bound_merge(benchmark::State& state, bool to_day) {
  const OpenBlocks& from = to_day ? day().windows() : day().first_window();
  const uint64_t samples = samples_of(from);
  std::vector<char> stored(bytes_of(from)), out(stored.size());
  std::vector<char> decoded(4096 * 16), copy(decoded.size());
  for (auto _ : state) {
    std::memcpy(out.data(), stored.data(), out.size());
    benchmark::DoNotOptimize(out.data());
    for (uint64_t i = 0; i < samples; i += 4096) {
      std::memcpy(copy.data(), decoded.data(), copy.size());
      std::memcpy(decoded.data(), copy.data(), copy.size());
      benchmark::ClobberMemory();
    }
  }
  set_per_sample(state, samples);
}

// All samples of a block, pages from the operating system's cache, none from ours.
void read_block(benchmark::State& state, bool of_day) {
  static const std::shared_ptr<const OpenBlock> made = day().merge(day().windows(), 2);
  const OpenBlock& from = of_day ? *made : *day().windows().front();
  SampleColumns columns;
  for (auto _ : state) {
    auto cursor = from.block->cursor(INT64_MIN, INT64_MAX);
    for (uint32_t ordinal = 0; ordinal < from.block->series_count(); ++ordinal) {
      columns.clear();
      if (!cursor->read(ordinal, &columns).ok()) state.SkipWithError("cannot read");
      benchmark::DoNotOptimize(columns.values.data());
    }
  }
  set_per_sample(state, from.meta.stats.float_samples);
}

void put_and_unpack_page(benchmark::State& state, int zstd_level) {
  // What a page of counters is: small bytes with some order.
  Bytes raw(16 * 1024), stored;
  for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<uint8_t>(load::mix(kSeed, i) % (i % 8 == 0 ? 256 : 6));
  const uint32_t seed = page_seed(Ulid(), 0);
  put_page(PageKind::kData, raw, zstd_level, seed, stored);
  for (auto _ : state) {
    auto back = unpack_page(stored, PageKind::kData, seed);
    if (!back.ok()) state.SkipWithError("cannot unpack");
    benchmark::DoNotOptimize(back->data());
  }
  state.counters["stored"] = static_cast<double>(stored.size());
}

void bound_page(benchmark::State& state) {
  std::vector<char> from(16 * 1024, 'x'), to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), to.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}

void register_all() {
  constexpr std::pair<const char*, load::Shape> kShapes[] = {{"constant", load::Shape::kConstant},
                                                             {"integer_counter", load::Shape::kIntegerCounter},
                                                             {"seconds_counter", load::Shape::kSecondsCounter},
                                                             {"page_gauge", load::Shape::kPageGauge},
                                                             {"ratio_gauge", load::Shape::kRatioGauge},
                                                             {"noisy_gauge", load::Shape::kNoisyGauge},
                                                             {"bucket", load::Shape::kBucket}};
  constexpr std::pair<const char*, ValueChoice> kChoices[] = {
      {"smallest", ValueChoice::kSmallest}, {"dense", ValueChoice::kDense}, {"gorilla", ValueChoice::kGorillaOnly}};
  benchmark::RegisterBenchmark("bound/store_8_bytes", bound_store);
  for (const auto& [shape_name, shape] : kShapes) {
    for (const auto& [choice_name, choice] : kChoices) {
      const std::string name = std::string(shape_name) + "/" + choice_name;
      benchmark::RegisterBenchmark(("encode/" + name).c_str(), encode_shape, shape, choice);
      benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode_shape, shape, choice);
    }
  }
  benchmark::RegisterBenchmark("decode/bucket/sibling", decode_sibling);
  for (size_t i = 0; i < integer_codecs().size(); ++i)
    benchmark::RegisterBenchmark((std::string("decode_integers/") + integer_codecs()[i].name).c_str(),
                                 decode_integer_codec, i);
  benchmark::RegisterBenchmark("bound/page_16KiB", bound_page);
  benchmark::RegisterBenchmark("page_16KiB/raw", put_and_unpack_page, 0);
  benchmark::RegisterBenchmark("page_16KiB/zstd", put_and_unpack_page, 3);
  for (bool to_day : {false, true}) {
    const char* level = to_day ? "day" : "2h";
    benchmark::RegisterBenchmark((std::string("bound/merge/") + level).c_str(), bound_merge, to_day);
    benchmark::RegisterBenchmark((std::string("merge/") + level).c_str(), merge, to_day);
    benchmark::RegisterBenchmark((std::string("read/") + level).c_str(), read_block, to_day);
  }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
