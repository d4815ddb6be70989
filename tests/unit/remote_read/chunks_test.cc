#include "remote_read/chunks.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "nightlight/sugar.h"
#include "remote_read/histogram_chunk.h"

namespace nightlight::remote_read {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  if (!text.empty() && text.back() == separator) parts.emplace_back();
  return parts;
}

double double_of(const std::string& hex) { return std::bit_cast<double>(std::stoull(hex, nullptr, 16)); }

std::string hex_of(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    auto byte = static_cast<uint8_t>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

// A histogram of chunks.txt with the memory of its arrays.
struct OwnedHistogram {
  Histogram h{};
  std::vector<BucketSpan> positive_spans, negative_spans;
  std::vector<int64_t> positive_deltas, negative_deltas;
  std::vector<double> positive_counts, negative_counts, bounds;

  OwnedHistogram(const std::string& text, bool floats) {
    auto f = split(text, ':');
    h.struct_size = sizeof h;
    if (floats) h.flags = kFloatHistogram;
    h.timestamp_ms = std::stoll(f[0]);
    h.reset_hint = static_cast<ResetHint>(std::stoi(f[1]));
    h.schema = std::stoi(f[2]);
    h.zero_threshold = double_of(f[3]);
    if (floats) {
      h.zero_count_float = double_of(f[4]);
      h.count_float = double_of(f[5]);
    } else {
      h.zero_count_int = std::stoull(f[4]);
      h.count_int = std::stoull(f[5]);
    }
    h.sum = double_of(f[6]);
    for (auto [from, to] : {std::pair{&f[7], &positive_spans}, std::pair{&f[8], &negative_spans}}) {
      for (auto& span : split(*from, ',')) {
        auto slash = span.find('/');
        to->push_back({std::stoi(span), static_cast<uint32_t>(std::stoul(span.substr(slash + 1)))});
      }
    }
    for (auto& bucket : split(f[9], ',')) {
      floats ? positive_counts.push_back(double_of(bucket)) : positive_deltas.push_back(std::stoll(bucket));
    }
    for (auto& bucket : split(f[10], ',')) {
      floats ? negative_counts.push_back(double_of(bucket)) : negative_deltas.push_back(std::stoll(bucket));
    }
    for (auto& bound : split(f[11], ',')) bounds.push_back(double_of(bound));
    h.positive_spans = view_of(positive_spans);
    h.negative_spans = view_of(negative_spans);
    h.positive_deltas = view_of(positive_deltas);
    h.negative_deltas = view_of(negative_deltas);
    h.positive_counts = view_of(positive_counts);
    h.negative_counts = view_of(negative_counts);
    h.custom_values = view_of(bounds);
  }
};

TEST_CASE("chunks have the very bytes that Prometheus' encoders make of the same samples") {
  std::ifstream file(std::string(NIGHTLIGHT_TEST_DATA) + "/remote_read/chunks.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CAPTURE(line);
    auto words = split(line, ' ');
    std::string expected = words.back();
    std::vector<int64_t> times;
    std::vector<double> values;
    std::deque<OwnedHistogram> histograms;
    std::vector<const Histogram*> pointers;
    for (size_t i = 1; i + 2 < words.size(); ++i) {
      if (words[0] == "xor") {
        times.push_back(std::stoll(words[i]));
        values.push_back(double_of(words[i].substr(words[i].find(':') + 1)));
      } else {
        histograms.emplace_back(words[i], words[0] == "fhist");
        pointers.push_back(&histograms.back().h);
      }
    }
    SeriesSamples series{};
    series.struct_size = sizeof series;
    series.timestamps_ms = view_of(times);
    series.values = view_of(values);
    series.histograms = view_of(pointers);
    auto chunks = encode_chunks(series);
    REQUIRE(chunks.size() == 1);
    CHECK(hex_of(chunks[0].data) == expected);
  }
  CHECK(lines == 100);
}

TEST_CASE("a long series is cut every 120 samples, and between floats and histograms") {
  std::vector<int64_t> times;
  std::vector<double> values;
  for (int i = 0; i < 300; ++i) {
    times.push_back(i * 1000 + (i >= 150 ? 5000 : 0));
    values.push_back(i);
  }
  OwnedHistogram first("150500:0:0:0:0:0:0::::::", false), second("151500:0:0:0:0:5:0::::::", false);
  OwnedHistogram reset("152500:0:0:0:0:1:0::::::", false), stale("153500:0:0:0:0:0:7ff0000000000002::::::", false);
  std::vector<const Histogram*> histograms{&first.h, &second.h, &reset.h, &stale.h};
  SeriesSamples series{};
  series.struct_size = sizeof series;
  series.timestamps_ms = view_of(times);
  series.values = view_of(values);
  series.histograms = view_of(histograms);
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const Chunk& chunk : encode_chunks(series)) ranges.emplace_back(chunk.min_time_ms, chunk.max_time_ms);
  CHECK(ranges ==
        std::vector<std::pair<int64_t, int64_t>>{
            {0, 119000}, {120000, 149000}, {150500, 151500}, {152500, 153500}, {155000, 274000}, {275000, 304000}});
}

TEST_CASE("a histogram continues a chunk only when it reads back with the same meaning") {
  auto histogram = [](const char* hint, const char* count, const char* schema = "0") {
    return OwnedHistogram(std::string("1:") + hint + ":" + schema + ":0:0:" + count + ":0::::::", false);
  };
  CHECK(continues_chunk(histogram("0", "1").h, histogram("0", "1").h));
  CHECK(continues_chunk(histogram("1", "1").h, histogram("2", "1").h));
  CHECK(continues_chunk(histogram("3", "5").h, histogram("3", "1").h));
  CHECK_FALSE(continues_chunk(histogram("0", "5").h, histogram("0", "1").h));
  CHECK_FALSE(continues_chunk(histogram("0", "1").h, histogram("1", "2").h));
  CHECK_FALSE(continues_chunk(histogram("3", "1").h, histogram("0", "2").h));
  CHECK_FALSE(continues_chunk(histogram("0", "1").h, histogram("0", "1", "1").h));
}

}  // namespace
}  // namespace nightlight::remote_read
