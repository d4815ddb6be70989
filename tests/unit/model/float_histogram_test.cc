#include "model/float_histogram.h"

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "model/buckets.h"
#include "model/histogram_sum.h"
#include "model/histogram_validation.h"
#include "nightlight/sugar.h"
#include "unit/histogram_text.h"

using namespace nightlight;
using nightlight::testing::read_histogram;
using nightlight::testing::same_histogram;
using nightlight::testing::split;

namespace {

void check_same(const FloatHistogram& got, const FloatHistogram& expected) {
  CAPTURE(got.text());
  CAPTURE(expected.text());
  CHECK(same_histogram(got, expected));
}

FloatHistogram exponential(int32_t schema, std::vector<BucketSpan> spans, std::vector<double> counts) {
  FloatHistogram h;
  h.schema = schema;
  h.positive = {std::move(spans), std::move(counts)};
  for (double count : h.positive.counts) h.count += count;
  return h;
}

}  // namespace

// The file was printed by Prometheus 3.16 for random histograms: operands, then results of each operation.
TEST_CASE("histogram arithmetic has the bits of Prometheus") {
  std::ifstream file(NIGHTLIGHT_TEST_DATA "/histogram_golden.txt");
  REQUIRE(file.is_open());
  FloatHistogram a, b;
  HistogramSum sum;
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CAPTURE(lines);
    std::string word = line.substr(0, line.find(' '));
    std::string rest = line.substr(word.size() + 1);
    auto flags = split(rest, ' ');
    if (word == "A" || word == "C") a = read_histogram(rest);
    if (word == "B" || word == "D") b = read_histogram(rest);
    if (word == "add" || word == "sub") {
      FloatHistogram result = a;
      Reconciled reconciled = (word == "add" ? result.add(b) : result.subtract(b)).value();
      result.compact();
      CHECK(reconciled.hint_conflict == (flags[0] == "true"));
      CHECK(reconciled.custom_bounds == (flags[1] == "true"));
      check_same(result, read_histogram(rest.substr(flags[0].size() + flags[1].size() + 2)));
    }
    if (word == "reset") {
      CHECK(a.detect_reset(b) == (flags[0] == "true"));
      CHECK(a.equals(b) == (flags[1] == "true"));
    }
    if (word == "T") a = read_histogram(rest);
    if (word == "text") CHECK(a.text() == rest);
    if (word == "above" || word == "below") {
      double limit = std::strtod(flags[0].c_str(), nullptr);
      FloatHistogram result = a;
      word == "above" ? trim_above(result, limit) : trim_below(result, limit);
      check_same(result, read_histogram(rest.substr(flags[0].size() + 1)));
    }
    if (word == "S") sum = HistogramSum(read_histogram(rest));
    if (word == "n") REQUIRE(sum.add(read_histogram(rest)).ok());
    if (word == "sum") {
      FloatHistogram result = sum.total();
      result.compact();
      check_same(result, read_histogram(rest));
    }
  }
  CHECK(lines > 800);
}

TEST_CASE("integer and float forms of the SDK become the same histogram") {
  BucketSpan spans[] = {{-2, 2}, {1, 1}};
  int64_t deltas[] = {3, -1, 5};
  Histogram integer{};
  integer.struct_size = sizeof integer;
  integer.schema = 2;
  integer.count_int = 12;
  integer.sum = 1.5;
  integer.positive_spans = view_of(spans);
  integer.positive_deltas = view_of(deltas);
  FloatHistogram h(integer);
  CHECK(h.positive.counts == std::vector<double>{3, 2, 7});
  CHECK(h.count == 12);
  FloatHistogram again(h.view(77));
  CHECK(again.equals(h));
  CHECK(h.view(77).timestamp_ms == 77);
  CHECK(size_in_samples(integer) == h.size_in_samples());
  CHECK(h.size_in_samples() == (168 + 8 * 5 + 8) / 16);
}

TEST_CASE("only a sum with the marker's bits is stale") {
  FloatHistogram h;
  std::memcpy(&h.sum, &kStaleNaNBits, sizeof h.sum);
  CHECK(h.is_stale());
  h.sum = std::numeric_limits<double>::quiet_NaN();
  CHECK(!h.is_stale());
}

TEST_CASE("buckets come in order of value from both ends, clipped at the zero bucket") {
  FloatHistogram h = exponential(0, {{0, 1}, {1, 1}}, {2, 4});
  h.negative = {{{1, 2}}, {1, 3}};
  h.zero_threshold = 0.75;
  h.zero_count = 5;
  std::vector<double> lowers, counts;
  Bucket bucket;
  for (AscendingBuckets walk(h); walk.next(bucket);) {
    lowers.push_back(bucket.lower);
    counts.push_back(bucket.count);
  }
  CHECK(lowers == std::vector<double>{-4, -2, -0.75, 0.75, 2});
  CHECK(counts == std::vector<double>{3, 1, 5, 2, 4});
  std::vector<double> reversed;
  for (DescendingBuckets walk(h); walk.next(bucket);) reversed.push_back(bucket.count);
  CHECK(reversed == std::vector<double>(counts.rbegin(), counts.rend()));
}

TEST_CASE("operands of different kinds and broken layouts are refused and change nothing") {
  FloatHistogram a = exponential(0, {{0, 2}}, {1, 2});
  FloatHistogram custom;
  custom.schema = kCustomBucketsSchema;
  CHECK(a.add(custom).error().code == Code::kInvalidArgument);
  FloatHistogram broken = exponential(0, {{0, 3}}, {1, 2});
  CHECK(a.subtract(broken).error().code == Code::kDataLoss);
  CHECK(a.subtract(broken).error().message ==
        "spans need 3 buckets, have 2 buckets: histogram spans specify different number of buckets than provided");
  HistogramSum sum(a);
  CHECK(!sum.add(custom).ok());
  CHECK(!sum.add(broken).ok());
  CHECK(sum.total().equals(a));
}

TEST_CASE("a mean whose sum overflows goes on incrementally") {
  FloatHistogram big = exponential(0, {{0, 1}}, {1e308});
  HistogramMean mean(big);
  for (int i = 0; i < 3; ++i) REQUIRE(mean.add(big).ok());
  CHECK(mean.mean().count == doctest::Approx(1e308));
  CHECK(mean.mean().positive.counts[0] == doctest::Approx(1e308));
  HistogramMean small(exponential(0, {{0, 1}}, {1}));
  REQUIRE(small.add(exponential(0, {{0, 1}}, {2})).ok());
  CHECK(small.mean().positive.counts[0] == 1.5);
}

TEST_CASE("hints merge towards the less certain one") {
  auto merge = [](ResetHint a, ResetHint b) {
    bool conflict = merge_hint(a, b);
    return std::pair(a, conflict);
  };
  using H = ResetHint;
  CHECK(merge(H::kReset, H::kReset) == std::pair(H::kReset, false));
  CHECK(merge(H::kReset, H::kGauge) == std::pair(H::kGauge, false));
  CHECK(merge(H::kGauge, H::kNotReset) == std::pair(H::kGauge, false));
  CHECK(merge(H::kUnknown, H::kReset) == std::pair(H::kUnknown, false));
  CHECK(merge(H::kNotReset, H::kUnknown) == std::pair(H::kUnknown, false));
  CHECK(merge(H::kNotReset, H::kReset) == std::pair(H::kUnknown, true));
}
