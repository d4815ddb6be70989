#include "model/buckets.h"

namespace nightlight {
namespace {

Bucket clipped_negative(const FloatHistogram& histogram, int32_t index, double count) {
  Bucket bucket = negative_bucket(histogram, index, count);
  if (bucket.upper < 0 && bucket.upper > -histogram.zero_threshold) bucket.upper = -histogram.zero_threshold;
  return bucket;
}

Bucket clipped_positive(const FloatHistogram& histogram, int32_t index, double count) {
  Bucket bucket = positive_bucket(histogram, index, count);
  if (bucket.lower > 0 && bucket.lower < histogram.zero_threshold) bucket.lower = histogram.zero_threshold;
  return bucket;
}

}  // namespace

Bucket positive_bucket(const FloatHistogram& histogram, int32_t index, double count) {
  Bucket bucket{histogram.bound(index - 1), histogram.bound(index), false, true, count};
  if (histogram.has_custom_buckets()) {
    bucket.lower_inclusive = index == 0;
  } else {
    bucket.lower_inclusive = bucket.lower < 0;
    bucket.upper_inclusive = bucket.upper > 0;
  }
  return bucket;
}

Bucket negative_bucket(const FloatHistogram& histogram, int32_t index, double count) {
  Bucket bucket{-histogram.bound(index), -histogram.bound(index - 1), false, false, count};
  bucket.lower_inclusive = bucket.lower < 0;
  bucket.upper_inclusive = bucket.upper > 0;
  return bucket;
}

Bucket zero_bucket(const FloatHistogram& histogram) {
  return Bucket{-histogram.zero_threshold, histogram.zero_threshold, true, true, histogram.zero_count};
}

bool AscendingBuckets::next(Bucket& out) {
  if (side_ < 0) {
    if (negative_.next()) {
      out = clipped_negative(histogram_, negative_.index(), negative_.count());
      return true;
    }
    side_ = 0;
  }
  if (side_ == 0) {
    side_ = 1;
    if (histogram_.zero_count > 0) {
      out = zero_bucket(histogram_);
      return true;
    }
  }
  if (!positive_.next()) return false;
  out = clipped_positive(histogram_, positive_.index(), positive_.count());
  return true;
}

bool DescendingBuckets::next(Bucket& out) {
  if (side_ > 0) {
    if (positive_.next()) {
      out = clipped_positive(histogram_, positive_.index(), positive_.count());
      return true;
    }
    side_ = 0;
  }
  if (side_ == 0) {
    side_ = -1;
    if (histogram_.zero_count > 0) {
      out = zero_bucket(histogram_);
      return true;
    }
  }
  if (!negative_.next()) return false;
  out = clipped_negative(histogram_, negative_.index(), negative_.count());
  return true;
}

}  // namespace nightlight
