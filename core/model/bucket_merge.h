// Inside of float_histogram and histogram_sum: bringing two histograms to one layout. A correction (of a compensated
// sum) is a vector parallel to a side's counts; null where sums are plain.
#ifndef NIGHTLIGHT_MODEL_BUCKET_MERGE_H_
#define NIGHTLIGHT_MODEL_BUCKET_MERGE_H_

#include <vector>

#include "model/float_histogram.h"
#include "model/kahan.h"

namespace nightlight {

using Correction = std::vector<double>;

// into += sign * other, both at the same schema. Exponential buckets of `other` at its beginning that lie within the
// zero threshold of `layout` (the histogram of `into`) are left out.
void merge_side(BucketSide& into, Correction* into_correction, const BucketSide& other,
                const Correction* other_correction, double sign, const FloatHistogram& layout);

// The same counts at a lower schema.
void reduce_side(BucketSide& side, Correction* correction, int32_t from_schema, int32_t to_schema);

// Removes empty buckets (with a correction: those whose correction is zero too).
void compact_side(BucketSide& side, Correction* correction);

// Folds a side over `bounds` into `target` (one sum per bucket over `common`, which is a subset of `bounds`).
void fold_custom_side(const BucketSide& side, const Correction* correction, double sign,
                      const std::vector<double>& bounds, const std::vector<double>& common,
                      std::vector<CompensatedSum>& target);
// The side (and correction) of the populated ones of such sums.
void unfold_custom_side(const std::vector<CompensatedSum>& target, BucketSide& out, Correction* correction);

// What the zero bucket would hold if its threshold were raised to `threshold`, which grows to the outer bound of the
// populated bucket that it would cut.
CompensatedSum widened_zero_count(const FloatHistogram& histogram, CompensatedSum zero, const Correction* positive,
                                  const Correction* negative, double& threshold);
// Empties the buckets that a widened zero bucket has taken over.
void empty_zero_range(FloatHistogram& histogram, Correction* positive, Correction* negative);

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_BUCKET_MERGE_H_
