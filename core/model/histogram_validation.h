// What a histogram must satisfy to be stored, with the messages that Prometheus answers.
#ifndef NIGHTLIGHT_MODEL_HISTOGRAM_VALIDATION_H_
#define NIGHTLIGHT_MODEL_HISTOGRAM_VALIDATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "nightlight/columns.h"

namespace nightlight {

// kInvalidArgument with Prometheus' text. Integer histograms must have as many observations as their buckets say, float
// histograms only sound and non-negative buckets. Schemas 9..52 are not valid as they are: lower them first.
Result<void> validate_histogram(const Histogram& histogram);

// "" or what is wrong with the layout of one side, in Prometheus' words.
std::string span_error(View<BucketSpan> spans, uint64_t bucket_count);

// A schema that is known but finer than what is stored (9..52).
constexpr bool must_reduce_schema(int32_t schema) { return schema > 8 && schema <= 52; }

// One side in integer form at a lower schema. The spans must be sound.
struct IntegerSide {
  std::vector<BucketSpan> spans;
  std::vector<int64_t> deltas;
};
IntegerSide reduce_integer_side(View<BucketSpan> spans, View<int64_t> deltas, int32_t from_schema, int32_t to_schema);

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_HISTOGRAM_VALIDATION_H_
