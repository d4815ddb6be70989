// Where the buckets of native histograms lie.
#ifndef NIGHTLIGHT_MODEL_BUCKET_BOUNDS_H_
#define NIGHTLIGHT_MODEL_BUCKET_BOUNDS_H_

#include <cstdint>
#include <vector>

namespace nightlight {

inline constexpr int32_t kMinExponentialSchema = -4;
inline constexpr int32_t kMaxExponentialSchema = 8;

// The upper bound of bucket `index` of an exponential schema (-4..8), with the bits that Prometheus has. The last
// bucket for finite values ends at the largest double, the one above it at +Inf.
double exponential_bound(int32_t index, int32_t schema);

// The upper bound of bucket `index` over custom bounds: -Inf for -1, +Inf past the last bound.
double custom_bound(int32_t index, const std::vector<double>& bounds);

// The index of a bucket after the schema was lowered by `steps` (each halves the resolution).
constexpr int32_t coarser_index(int64_t index, int32_t steps) {
  return static_cast<int32_t>(((index - 1) >> steps) + 1);
}

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_BUCKET_BOUNDS_H_
