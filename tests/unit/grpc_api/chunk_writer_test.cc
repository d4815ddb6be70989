#include "grpc_api/chunk_writer.h"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "nightlight/sugar.h"
#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {
namespace {

// Series i has the label i="..." and `samples` samples, then `histograms` of them.
struct Column {
  Column(std::string name, size_t samples, size_t histograms) : value(std::move(name)) {
    for (size_t i = 0; i < samples; ++i) {
      times.push_back(static_cast<int64_t>(i * i));
      values.push_back(static_cast<double>(i) * 0.5);
    }
    owned.resize(histograms);
    for (size_t i = 0; i < histograms; ++i) {
      owned[i].timestamp_ms = static_cast<int64_t>(samples * samples + i);
      owned[i].count_float = static_cast<double>(i);
      pointers.push_back(&owned[i]);
    }
  }
  ResultSeries series() {
    label = {str("i"), str(value)};
    ResultSeries out{};
    out.struct_size = sizeof out;
    out.labels = {&label, 1};
    out.timestamps_ms = view_of(times);
    out.values = view_of(values);
    out.histograms = view_of(pointers);
    return out;
  }
  std::string value;
  LabelPair label{};
  std::vector<int64_t> times;
  std::vector<double> values;
  std::vector<Histogram> owned;
  std::vector<const Histogram*> pointers;
};

struct Read {
  std::string label;
  std::vector<int64_t> times, histogram_times;
  std::vector<double> values, histogram_counts;
  bool operator==(const Read&) const = default;
};

Read whole(const Column& column) {
  Read out{column.value, column.times, {}, column.values, {}};
  for (const Histogram& histogram : column.owned) {
    out.histogram_times.push_back(histogram.timestamp_ms);
    out.histogram_counts.push_back(histogram.count_float);
  }
  return out;
}

// What a client reads from the messages: pieces are put behind the series before them.
std::vector<Read> joined(const std::vector<v1::QueryChunk>& chunks) {
  std::vector<Read> out;
  for (const v1::QueryChunk& chunk : chunks) {
    for (const v1::Series& series : chunk.batch().series()) {
      if (!series.continued()) {
        REQUIRE(series.label_refs_size() == 2);
        out.push_back({chunk.batch().symbols(static_cast<int>(series.label_refs(1))), {}, {}, {}, {}});
      }
      Read& read = out.back();
      int64_t time_ms = 0;
      for (int64_t delta : series.timestamp_deltas_ms()) read.times.push_back(time_ms += delta);
      read.values.insert(read.values.end(), series.values().begin(), series.values().end());
      for (const v1::Histogram& histogram : series.histograms()) {
        read.histogram_times.push_back(histogram.timestamp_ms());
        read.histogram_counts.push_back(histogram.count());
      }
    }
  }
  return out;
}

TEST_CASE("whatever lengths series have, the messages are bounded and say the same") {
  std::vector<Column> columns;
  for (auto [samples, histograms] : std::vector<std::pair<size_t, size_t>>{
           {3, 0}, {kSamplesPerChunk, 0}, {2 * kSamplesPerChunk + 7, 0}, {0, 0}, {0, 3000}, {70'000, 1500}, {1, 1}}) {
    columns.emplace_back(std::to_string(columns.size()), samples, histograms);
  }
  std::vector<v1::QueryChunk> chunks;
  ChunkWriter writer([&](const v1::QueryChunk& chunk) { return chunks.push_back(chunk), true; }, 256);
  for (Column& column : columns) REQUIRE(writer.add(column.series()));
  REQUIRE(writer.flush());
  REQUIRE(writer.flush());  // Nothing is left to send.
  std::vector<Read> expected;
  for (const Column& column : columns) expected.push_back(whole(column));
  CHECK(joined(chunks) == expected);
  for (const v1::QueryChunk& chunk : chunks) {
    uint64_t weight = 0;
    for (const v1::Series& series : chunk.batch().series()) {
      weight += static_cast<uint64_t>(series.values_size()) +
                static_cast<uint64_t>(series.histograms_size()) * kSamplesPerHistogram;
    }
    CHECK(weight <= kSamplesPerChunk);
    CHECK(weight > 0);
  }
}

TEST_CASE("a message has at most so many series") {
  std::vector<v1::QueryChunk> chunks;
  ChunkWriter writer([&](const v1::QueryChunk& chunk) { return chunks.push_back(chunk), true; }, 2);
  std::vector<Column> columns;
  for (int i = 0; i < 5; ++i) columns.emplace_back(std::to_string(i), 1, 0);
  for (Column& column : columns) REQUIRE(writer.add(column.series()));
  REQUIRE(writer.flush());
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].batch().series_size() == 2);
  CHECK(chunks[2].batch().series_size() == 1);
  CHECK(joined(chunks).size() == 5);
}

TEST_CASE("a client that has gone ends the writing") {
  int sent = 0;
  ChunkWriter writer([&](const v1::QueryChunk&) { return ++sent < 2; }, 256);
  Column column("a", 10 * kSamplesPerChunk, 0);
  CHECK_FALSE(writer.add(column.series()));
  CHECK(sent == 2);
}

}  // namespace
}  // namespace nightlight::grpc_api
