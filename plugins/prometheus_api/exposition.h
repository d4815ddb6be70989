// Metrics in Prometheus' text format 0.0.4, read into families.
#ifndef NIGHTLIGHT_PROMETHEUS_API_EXPOSITION_H_
#define NIGHTLIGHT_PROMETHEUS_API_EXPOSITION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nightlight::prometheus_api {

struct ExposedBucket {
  double upper_bound;
  uint64_t cumulative_count;
};

struct ExposedMetric {
  std::vector<std::pair<std::string, std::string>> labels;  // In the order of the text, without a bucket's `le`.
  double value = 0;                                         // A histogram's sum.
  uint64_t count = 0;                                       // Of a histogram.
  std::vector<ExposedBucket> buckets;                       // The last is +Inf.
};

struct ExposedFamily {
  std::string name, help, type;
  std::vector<ExposedMetric> metrics;
};

// The families of `text`, which must announce each one with # TYPE and keep its lines together, a histogram's series
// one after the other. Types are counter, gauge, histogram and untyped. The error names the line.
Result<std::vector<ExposedFamily>> read_exposition(std::string_view text);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_EXPOSITION_H_
