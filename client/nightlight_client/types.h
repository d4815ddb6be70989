// The data that queries answer with and writes are made of. Times are Unix milliseconds. Plain values: copy and move
// them freely.
#ifndef NIGHTLIGHT_CLIENT_TYPES_H_
#define NIGHTLIGHT_CLIENT_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nightlight_client/result.h"

namespace nightlight::client {

struct Label {
  std::string name, value;
  auto operator<=>(const Label&) const = default;
};

// Answers have them sorted by name. The metric's name is the label "__name__". Writes may give them in any order.
using Labels = std::vector<Label>;

// `up{instance="a",job="b"}`, as PromQL writes it.
NIGHTLIGHT_CLIENT_API std::string to_string(const Labels& labels);

struct Sample {
  int64_t timestamp_ms = 0;
  // Bit-exact in both directions; staleness markers are NaNs.
  double value = 0;
};

// `length` consecutive buckets, `offset` after the end of the span before (the first: after bucket 0).
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
};

enum class ResetHint : uint32_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };

// A native histogram with absolute counts. Schema -53 has custom bounds, -4 to 8 are exponential.
struct Histogram {
  int64_t timestamp_ms = 0;
  int32_t schema = 0;
  ResetHint reset_hint = ResetHint::kUnknown;
  double zero_threshold = 0, zero_count = 0, count = 0, sum = 0;
  std::vector<BucketSpan> positive_spans, negative_spans;
  std::vector<double> positive_counts, negative_counts;  // One a bucket of the spans.
  std::vector<double> custom_values;                     // Upper bounds, with schema -53.
};

struct Exemplar {
  int64_t timestamp_ms = 0;
  double value = 0;
  Labels labels;
};

// One series of an answer: floats and histograms, each ascending in time, that do not meet.
struct Series {
  Labels labels;
  std::vector<Sample> samples;
  std::vector<Histogram> histograms;
};

struct SeriesExemplars {
  Labels labels;
  std::vector<Exemplar> exemplars;
};

enum class MetricKind : uint32_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateSet = 7,
};

// "counter", "gauge", ... "unknown", as Prometheus writes them.
NIGHTLIGHT_CLIENT_API const char* name_of(MetricKind kind);

struct Metadata {
  std::string family;
  MetricKind kind = MetricKind::kUnknown;
  std::string help, unit;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_TYPES_H_
