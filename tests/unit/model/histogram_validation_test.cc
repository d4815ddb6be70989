#include "model/histogram_validation.h"

#include <doctest/doctest.h>

#include <limits>

#include "model/float_histogram.h"
#include "nightlight/sugar.h"

using namespace nightlight;

namespace {

// An integer histogram that owns its arrays; valid as made.
struct Example {
  std::vector<BucketSpan> positive_spans{{0, 2}}, negative_spans{{0, 1}};
  std::vector<int64_t> positive{1, 1}, negative{2};
  std::vector<double> custom;
  uint64_t count = 6, zero_count = 1;
  double sum = 1, zero_threshold = 0.1;
  int32_t schema = 0;

  std::string error() const {
    Histogram h{};
    h.struct_size = sizeof h;
    h.schema = schema;
    h.sum = sum;
    h.zero_threshold = zero_threshold;
    h.count_int = count;
    h.zero_count_int = zero_count;
    h.positive_spans = view_of(positive_spans);
    h.negative_spans = view_of(negative_spans);
    h.positive_deltas = view_of(positive);
    h.negative_deltas = view_of(negative);
    h.custom_values = view_of(custom);
    Result<void> result = validate_histogram(h);
    return result.ok() ? "" : result.error().message;
  }
};

Example custom_example() {
  Example e;
  e.schema = kCustomBucketsSchema;
  e.custom = {1, 2};
  e.negative_spans.clear();
  e.negative.clear();
  e.zero_count = 0;
  e.zero_threshold = 0;
  e.count = 3;
  return e;
}

}  // namespace

TEST_CASE("invalid integer histograms are refused in Prometheus' words") {
  auto error = [](auto change) {
    Example e;
    change(e);
    return e.error();
  };
  CHECK(error([](Example&) {}) == "");
  CHECK(error([](Example& e) { e.count = 7; }) ==
        "6 observations found in buckets, but the Count field is 7: histogram's observation count should equal the "
        "number of "
        "observations found in the buckets (in absence of NaN)");
  CHECK(error([](Example& e) {
          e.count = 5;
          e.sum = std::numeric_limits<double>::quiet_NaN();
        }) ==
        "6 observations found in buckets, but the Count field is 5: histogram's observation count should be at least "
        "the number "
        "of observations found in the buckets");
  CHECK(error([](Example& e) {
          e.count = 7;
          e.sum = std::numeric_limits<double>::quiet_NaN();
        }) == "");
  CHECK(error([](Example& e) {
          e.positive = {1, -2};
        }) ==
        "positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is "
        "negative");
  CHECK(error([](Example& e) {
          e.positive_spans = {{0, 1}, {-1, 1}};
        }) == "positive side: span number 2 with offset -1: histogram has a span whose offset is negative");
  CHECK(error([](Example& e) {
          e.negative_spans = {{0, 3}};
        }) ==
        "negative side: spans need 3 buckets, have 1 buckets: histogram spans specify different number of buckets than "
        "provided");
  CHECK(error([](Example& e) {
          e.positive_spans = {{2147483647, 1}, {2, 1}};
        }) ==
        "positive side: span number 2 ends at bucket index 2147483650: histogram has a span whose bucket index is out "
        "of range");
  CHECK(error([](Example& e) {
          e.positive_spans = {{std::numeric_limits<int32_t>::min(), 2}};
        }) ==
        "positive side: span number 1 starts at bucket index -2147483648: histogram has a span whose bucket index is "
        "out of range");
  CHECK(error([](Example& e) { e.schema = 9; }) ==
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
        "buckets, got "
        "schema 9");
  CHECK(error([](Example& e) { e.custom = {1}; }) == "histogram with exponential schema must not have custom bounds");
}

TEST_CASE("invalid custom bounds are refused in Prometheus' words") {
  auto error = [](auto change) {
    Example e = custom_example();
    change(e);
    return e.error();
  };
  CHECK(error([](Example&) {}) == "");
  CHECK(
      error([](Example& e) {
        e.custom = {2, 1};
      }) ==
      "custom buckets: previous bound is 2.000000 and current is 1.000000: histogram custom bounds must be in strictly "
      "increasing order");
  CHECK(error([](Example& e) {
          e.custom = {1, std::numeric_limits<double>::infinity()};
        }) == "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite");
  CHECK(error([](Example& e) {
          e.custom = {1, std::numeric_limits<double>::quiet_NaN()};
        }) == "custom buckets: histogram custom bounds must not be NaN");
  CHECK(error([](Example& e) { e.custom.clear(); }) ==
        "custom buckets: only 0 custom bounds defined which is insufficient to cover total span length of 2: histogram "
        "custom "
        "bounds are too few");
  CHECK(error([](Example& e) { e.zero_threshold = 1; }) == "custom buckets: must have zero threshold of 0");
  CHECK(error([](Example& e) { e.zero_count = 1; }) == "custom buckets: must have zero count of 0");
  CHECK(error([](Example& e) { e.negative_spans = {{0, 0}}; }) == "custom buckets: must not have negative spans");
}

TEST_CASE("lowering the schema of integer buckets gives what lowering float buckets gives") {
  std::vector<BucketSpan> spans{{-3, 4}, {2, 3}, {9, 1}, {0, 2}};
  std::vector<int64_t> deltas{5, -2, 1, 4, -8, 3, 0, 6, -9, 2};
  Histogram h{};
  h.schema = 8;
  h.positive_spans = view_of(spans);
  h.positive_deltas = view_of(deltas);
  for (int32_t to = 7; to >= -4; --to) {
    CAPTURE(to);
    FloatHistogram expected(h);
    expected.reduce_resolution(to);
    IntegerSide side = reduce_integer_side(view_of(spans), view_of(deltas), 8, to);
    Histogram reduced{};
    reduced.schema = to;
    reduced.positive_spans = view_of(side.spans);
    reduced.positive_deltas = view_of(side.deltas);
    CHECK(FloatHistogram(reduced).equals(expected));
  }
}
