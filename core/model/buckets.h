// Walking over the buckets of a histogram, and building a side of it bucket by bucket.
#ifndef NIGHTLIGHT_MODEL_BUCKETS_H_
#define NIGHTLIGHT_MODEL_BUCKETS_H_

#include <cstdint>

#include "model/float_histogram.h"

namespace nightlight {

// The explicit buckets of one side by ascending index, empty ones included.
class BucketCursor {
 public:
  explicit BucketCursor(const BucketSide& side) : side_(side) {}

  bool next() {
    if (next_position_ >= side_.counts.size()) return false;
    while (left_in_span_ == 0) {
      if (span_ == side_.spans.size()) return false;
      next_index_ += side_.spans[span_].offset;
      left_in_span_ = side_.spans[span_].length;
      ++span_;
    }
    --left_in_span_;
    index_ = static_cast<int32_t>(next_index_++);
    position_ = next_position_++;
    return true;
  }

  int32_t index() const { return index_; }
  double count() const { return side_.counts[position_]; }
  // Where in `counts`.
  size_t position() const { return position_; }

 private:
  const BucketSide& side_;
  size_t span_ = 0;
  uint32_t left_in_span_ = 0;
  int64_t next_index_ = 0;
  size_t next_position_ = 0;
  int32_t index_ = 0;
  size_t position_ = 0;
};

// The same by descending index.
class ReverseBucketCursor {
 public:
  explicit ReverseBucketCursor(const BucketSide& side)
      : side_(side), span_(side.spans.size()), position_(side.counts.size()) {
    for (const BucketSpan& span : side.spans) index_ += static_cast<int64_t>(span.offset) + span.length;
  }

  bool next() {
    if (position_ == 0) return false;
    while (left_in_span_ == 0) {
      if (span_ == 0) return false;
      if (span_ < side_.spans.size()) index_ -= side_.spans[span_].offset;
      left_in_span_ = side_.spans[--span_].length;
    }
    --left_in_span_;
    --index_;
    --position_;
    return true;
  }

  int32_t index() const { return static_cast<int32_t>(index_); }
  double count() const { return side_.counts[position_]; }

 private:
  const BucketSide& side_;
  size_t span_;
  size_t position_;
  uint32_t left_in_span_ = 0;
  int64_t index_ = 0;
};

// Fills a side with buckets of ascending index.
class SideWriter {
 public:
  explicit SideWriter(BucketSide& out) : out_(out) {}

  void append(int32_t index, double count) {
    append_index(index);
    out_.counts.push_back(count);
  }
  // Only the layout: the counts are the caller's.
  void append_index(int32_t index) {
    if (!out_.spans.empty() && index == end_) {
      ++out_.spans.back().length;
    } else {
      out_.spans.push_back(BucketSpan{static_cast<int32_t>(out_.spans.empty() ? index : index - end_), 1});
    }
    end_ = static_cast<int64_t>(index) + 1;
  }

 private:
  BucketSide& out_;
  int64_t end_ = 0;
};

struct Bucket {
  double lower = 0, upper = 0;
  bool lower_inclusive = false, upper_inclusive = false;
  double count = 0;
};

Bucket positive_bucket(const FloatHistogram& histogram, int32_t index, double count);
Bucket negative_bucket(const FloatHistogram& histogram, int32_t index, double count);
Bucket zero_bucket(const FloatHistogram& histogram);

// All buckets from the lowest to the highest value: negative, zero (when populated), positive. A bucket that reaches
// into the zero bucket ends where that begins.
class AscendingBuckets {
 public:
  explicit AscendingBuckets(const FloatHistogram& histogram)
      : histogram_(histogram), negative_(histogram.negative), positive_(histogram.positive) {}
  bool next(Bucket& out);

 private:
  const FloatHistogram& histogram_;
  ReverseBucketCursor negative_;
  BucketCursor positive_;
  int side_ = -1;
};

// The same from the highest to the lowest.
class DescendingBuckets {
 public:
  explicit DescendingBuckets(const FloatHistogram& histogram)
      : histogram_(histogram), positive_(histogram.positive), negative_(histogram.negative) {}
  bool next(Bucket& out);

 private:
  const FloatHistogram& histogram_;
  ReverseBucketCursor positive_;
  BucketCursor negative_;
  int side_ = 1;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_BUCKETS_H_
