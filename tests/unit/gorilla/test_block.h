// Blocks for tests: generated series, written to a bucket on a simulated disk.
#ifndef NIGHTLIGHT_TESTS_GORILLA_TEST_BLOCK_H_
#define NIGHTLIGHT_TESTS_GORILLA_TEST_BLOCK_H_

#include <map>
#include <string>
#include <vector>

#include "generated.h"
#include "gorilla/block/block.h"
#include "gorilla/block/block_writer.h"
#include "gorilla/block/page_cache.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/file/simulated.h"

namespace nightlight::gorilla::testing {

using Labels = std::map<std::string, std::string>;

// A series in the plainest form: the oracle of every block test.
struct TestSeries {
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
  std::vector<int64_t> start_timestamps_ms;
  std::vector<std::shared_ptr<OwnedHistogram>> histograms;
};
using TestData = std::map<Labels, TestSeries>;  // Sorted as Prometheus sorts label sets.

inline TestData generate(uint64_t seed, size_t series_count, size_t samples, int64_t from_ms, int64_t step_ms) {
  Random random(seed);
  TestData data;
  std::vector<int64_t> shared;
  for (size_t i = 0; i < samples; ++i)
    shared.push_back(from_ms + static_cast<int64_t>(i) * step_ms + static_cast<int64_t>(random() % 3));
  for (size_t s = 0; s < series_count; ++s) {
    Labels labels{{"__name__", "metric_" + std::to_string(s % 17)},
                  {"instance", "host-" + std::to_string(s / 17 % 10) + ":9100"},
                  {"number", std::to_string(s)}};
    if (s % 5 == 0) labels["Zone"] = s % 2 == 0 ? "a" : "b";
    if (s % 7 == 0) labels["only_some"] = "x";
    TestSeries& series = data[labels];
    if (s % 13 != 12) {
      series.timestamps_ms = shared;
      if (s % 11 == 3)
        series.timestamps_ms.erase(series.timestamps_ms.begin() + static_cast<ptrdiff_t>(random() % samples));
      size_t n = series.timestamps_ms.size();
      series.values = values_of_shape(static_cast<int>(s % kValueShapes), n, random);
      // Processes that start anew now and then.
      for (size_t i = 0; s % 9 == 4 && i < n; ++i)
        series.start_timestamps_ms.push_back(series.timestamps_ms[i - i % 37] - 1000);
    }
    if (s % 13 == 12 || s % 26 == 1) {
      for (size_t i = 0; i < std::min<size_t>(samples, 50); ++i)
        series.histograms.push_back(
            histogram_of(s / 13 + i / 20, from_ms + static_cast<int64_t>(i) * step_ms + 7, random));
    }
  }
  return data;
}

// Histograms of as many methods, each with one series a bound: counts of the same events. One series misses a scrape,
// one has other times, and one a staleness marker.
inline TestData generate_buckets(uint64_t seed, size_t methods, size_t samples, int64_t from_ms, int64_t step_ms) {
  Random random(seed);
  TestData data;
  constexpr const char* kBounds[] = {"+Inf", "0.1", "0.25", "0.5", "1", "10", "2.5", "5"};
  constexpr uint64_t kPermille[] = {1000, 5, 12, 700, 900, 1000, 990, 999};
  for (size_t method = 0; method < methods; ++method) {
    std::vector<TestSeries> series(std::size(kBounds));
    std::vector<double> counts(std::size(kBounds));
    for (size_t i = 0; i < samples; ++i) {
      for (uint64_t events = random() % 200; events > 0; --events) {
        const uint64_t slow = random() % 1000;
        for (size_t b = 0; b < counts.size(); ++b) counts[b] += slow < kPermille[b] ? 1 : 0;
      }
      for (size_t b = 0; b < counts.size(); ++b) {
        if (method == 0 && b == 3 && i == samples / 2) continue;
        series[b].timestamps_ms.push_back(from_ms + static_cast<int64_t>(i) * step_ms +
                                          (method == 1 && b == 3 ? 1 : 0));
        series[b].values.push_back(method == 0 && b == 4 && i == 1 ? std::bit_cast<double>(kStaleNaNBits) : counts[b]);
      }
    }
    for (size_t b = 0; b < counts.size(); ++b)
      data[{{"__name__", "seconds_bucket"}, {"le", kBounds[b]}, {"method", std::to_string(method)}}] =
          std::move(series[b]);
  }
  return data;
}

inline SeriesInput input_of(const Labels& labels, const TestSeries& series, std::vector<LabelView>& views,
                            std::vector<const Histogram*>& histograms) {
  views.assign(labels.begin(), labels.end());
  histograms.clear();
  for (const auto& h : series.histograms) histograms.push_back(&h->h);
  SeriesInput in;
  in.labels = views;
  in.timestamps_ms = series.timestamps_ms;
  in.values = series.values;
  in.start_timestamps_ms = series.start_timestamps_ms;
  in.histograms = histograms;
  return in;
}

inline Result<BlockMeta> write_block(Bucket& bucket, BlockMeta meta, const BlockOptions& options,
                                     const TestData& data) {
  NIGHTLIGHT_ASSIGN(writer, BlockWriter::create(bucket, std::move(meta), options));
  std::vector<LabelView> views;
  std::vector<const Histogram*> histograms;
  for (const auto& [labels, series] : data) NIGHTLIGHT_TRY(writer->add(input_of(labels, series, views, histograms)));
  return writer->finish();
}

inline BlockMeta meta_of(uint64_t number, uint32_t level = 0) {
  BlockMeta meta;
  meta.id = Ulid::make(1700000000000 + static_cast<int64_t>(number), number * 0x9e3779b97f4a7c15ull);
  meta.level = level;
  return meta;
}

inline Labels labels_of(std::span<const LabelView> views) { return {views.begin(), views.end()}; }

// Whether what was read is what `series` has in [start_ms, end_ms].
inline bool same_samples(const TestSeries& series, const SampleColumns& read, int64_t start_ms, int64_t end_ms) {
  size_t at = 0;
  for (size_t i = 0; i < series.timestamps_ms.size(); ++i) {
    if (series.timestamps_ms[i] < start_ms || series.timestamps_ms[i] > end_ms) continue;
    if (at >= read.timestamps_ms.size() || read.timestamps_ms[at] != series.timestamps_ms[i] ||
        !same_bits(read.values[at], series.values[i]))
      return false;
    int64_t start = series.start_timestamps_ms.empty() ? 0 : series.start_timestamps_ms[i];
    if ((read.start_timestamps_ms.empty() ? 0 : read.start_timestamps_ms[at]) != start) return false;
    ++at;
  }
  if (at != read.timestamps_ms.size() || read.values.size() != at) return false;
  at = 0;
  for (const auto& h : series.histograms) {
    if (h->h.timestamp_ms < start_ms || h->h.timestamp_ms > end_ms) continue;
    if (at >= read.histograms.size() || !same_histogram(h->h, *read.histograms[at])) return false;
    ++at;
  }
  return at == read.histograms.size();
}

// Everything in the block is everything in the data. An error, or the first difference as a text; "" when there is
// none.
inline Result<std::string> difference(const Block& block, const TestData& data) {
  if (block.series_count() != data.size()) return std::string("number of series");
  std::unique_ptr<LabelReader> labels = block.label_reader();
  std::unique_ptr<BlockCursor> cursor = block.cursor(INT64_MIN, INT64_MAX);
  uint32_t ordinal = 0;
  for (const auto& [expected, series] : data) {
    NIGHTLIGHT_ASSIGN(views, labels->labels(ordinal));
    if (labels_of(views) != expected) return "labels of series " + std::to_string(ordinal);
    SampleColumns samples;
    NIGHTLIGHT_TRY(cursor->read(ordinal, &samples));
    if (!same_samples(series, samples, INT64_MIN, INT64_MAX)) return "samples of series " + std::to_string(ordinal);
    ++ordinal;
  }
  return std::string();
}

// A bucket on a simulated disk, with a cache.
struct TestStore {
  explicit TestStore(uint64_t seed = 1)
      : files(seed), cache(8 << 20), bucket(open_local_bucket(files, "/store").value()) {}

  Result<std::shared_ptr<const Block>> open(const BlockMeta& meta) {
    NIGHTLIGHT_ASSIGN(object, bucket->open(block_key(meta.id)));
    return Block::open(std::move(object), cache);
  }

  SimulatedFileSystem files;
  PageCache cache;
  std::unique_ptr<Bucket> bucket;
};

}  // namespace nightlight::gorilla::testing

#endif  // NIGHTLIGHT_TESTS_GORILLA_TEST_BLOCK_H_
