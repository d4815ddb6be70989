#include "model/bucket_merge.h"

#include <algorithm>

#include "model/bucket_bounds.h"
#include "model/buckets.h"

namespace nightlight {
namespace {

struct Addend {
  double count;
  double correction;
};

Addend addend(const BucketCursor& cursor, const Correction* correction, double sign) {
  return {sign * cursor.count(), correction == nullptr ? 0.0 : sign * (*correction)[cursor.position()]};
}

bool same_spans(const BucketSide& a, const BucketSide& b) {
  return a.counts.size() == b.counts.size() &&
         std::equal(a.spans.begin(), a.spans.end(), b.spans.begin(), b.spans.end(),
                    [](BucketSpan x, BucketSpan y) { return x.offset == y.offset && x.length == y.length; });
}

void add_to(double& count, double* correction, Addend other) {
  if (correction == nullptr) {
    count += other.count;
    return;
  }
  CompensatedSum sum{count, *correction};
  sum.add(other.count);
  if (other.correction != 0) sum.add(other.correction);
  count = sum.sum;
  *correction = sum.compensation;
}

// Moves `cursor` to its first bucket that is not wholly inside the zero bucket; false when there is none.
bool skip_zero_range(BucketCursor& cursor, const FloatHistogram& layout) {
  while (cursor.next()) {
    if (layout.has_custom_buckets() || exponential_bound(cursor.index(), layout.schema) > layout.zero_threshold)
      return true;
  }
  return false;
}

}  // namespace

void merge_side(BucketSide& into, Correction* into_correction, const BucketSide& other,
                const Correction* other_correction, double sign, const FloatHistogram& layout) {
  BucketCursor b(other);
  bool has_b = skip_zero_range(b, layout);
  if (!has_b) return;
  if (b.position() == 0 && same_spans(into, other)) {
    do {
      size_t i = b.position();
      add_to(into.counts[i], into_correction == nullptr ? nullptr : &(*into_correction)[i],
             addend(b, other_correction, sign));
    } while (b.next());
    return;
  }
  BucketSide merged;
  merged.counts.reserve(into.counts.size() + other.counts.size());
  Correction merged_correction;
  SideWriter writer(merged);
  BucketCursor a(into);
  bool has_a = a.next();
  while (has_a || has_b) {
    bool take_a = has_a && (!has_b || a.index() <= b.index());
    bool take_b = has_b && (!has_a || b.index() <= a.index());
    Addend sum = take_a ? addend(a, into_correction, 1) : addend(b, other_correction, sign);
    if (take_a && take_b) {
      add_to(sum.count, into_correction == nullptr ? nullptr : &sum.correction, addend(b, other_correction, sign));
    }
    writer.append(take_a ? a.index() : b.index(), sum.count);
    if (into_correction != nullptr) merged_correction.push_back(sum.correction);
    if (take_a) has_a = a.next();
    if (take_b) has_b = b.next();
  }
  into = std::move(merged);
  if (into_correction != nullptr) *into_correction = std::move(merged_correction);
}

void reduce_side(BucketSide& side, Correction* correction, int32_t from_schema, int32_t to_schema) {
  if (from_schema == to_schema || side.counts.empty()) return;
  BucketSide reduced;
  Correction reduced_correction;
  SideWriter writer(reduced);
  BucketCursor cursor(side);
  bool first = true;
  int32_t last = 0;
  while (cursor.next()) {
    int32_t index = coarser_index(cursor.index(), from_schema - to_schema);
    if (first || index != last) {
      writer.append(index, cursor.count());
      if (correction != nullptr) reduced_correction.push_back((*correction)[cursor.position()]);
    } else if (correction == nullptr) {
      reduced.counts.back() += cursor.count();
    } else {
      CompensatedSum sum{reduced.counts.back(), reduced_correction.back()};
      sum.add(cursor.count());
      sum.add((*correction)[cursor.position()]);
      reduced.counts.back() = sum.sum;
      reduced_correction.back() = sum.compensation;
    }
    first = false;
    last = index;
  }
  side = std::move(reduced);
  if (correction != nullptr) *correction = std::move(reduced_correction);
}

void compact_side(BucketSide& side, Correction* correction) {
  bool has_empty = std::find(side.counts.begin(), side.counts.end(), 0.0) != side.counts.end();
  for (size_t i = 0; i < side.spans.size() && !has_empty; ++i) {
    has_empty = side.spans[i].length == 0 || (i > 0 && side.spans[i].offset == 0);
  }
  if (!has_empty) return;
  BucketSide dense;
  dense.counts.reserve(side.counts.size());
  Correction dense_correction;
  SideWriter writer(dense);
  for (BucketCursor cursor(side); cursor.next();) {
    double carried = correction == nullptr ? 0.0 : (*correction)[cursor.position()];
    if (cursor.count() == 0 && carried == 0) continue;
    writer.append(cursor.index(), cursor.count());
    if (correction != nullptr) dense_correction.push_back(carried);
  }
  side = std::move(dense);
  if (correction != nullptr) *correction = std::move(dense_correction);
}

void fold_custom_side(const BucketSide& side, const Correction* correction, double sign,
                      const std::vector<double>& bounds, const std::vector<double>& common,
                      std::vector<CompensatedSum>& target) {
  size_t at = 0;
  for (BucketCursor cursor(side); cursor.next();) {
    size_t to = common.size();
    if (auto i = static_cast<size_t>(cursor.index()); i < bounds.size()) {
      while (at < common.size() && common[at] < bounds[i]) ++at;
      to = at;
    }
    Addend other = addend(cursor, correction, sign);
    target[to].add(other.count);
    if (correction != nullptr) target[to].add(other.correction);
  }
}

void unfold_custom_side(const std::vector<CompensatedSum>& target, BucketSide& out, Correction* correction) {
  out.spans.clear();
  out.counts.clear();
  if (correction != nullptr) correction->clear();
  SideWriter writer(out);
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i].sum == 0 && target[i].compensation == 0) continue;
    writer.append(static_cast<int32_t>(i), target[i].sum);
    if (correction != nullptr) correction->push_back(target[i].compensation);
  }
}

CompensatedSum widened_zero_count(const FloatHistogram& histogram, CompensatedSum zero, const Correction* positive,
                                  const Correction* negative, double& threshold) {
  if (threshold <= histogram.zero_threshold) return zero;
  CompensatedSum sum = zero;
  while (true) {
    sum.sum = zero.sum;
    // Bucket i of a side covers (bound(i - 1), bound(i)] away from zero. True when the threshold moved.
    auto take = [&](const BucketSide& side, const Correction* correction) {
      for (BucketCursor cursor(side); cursor.next();) {
        if (histogram.bound(cursor.index() - 1) >= threshold) break;
        sum.add(cursor.count());
        if (correction != nullptr) sum.add((*correction)[cursor.position()]);
        double outer = histogram.bound(cursor.index());
        if (outer <= threshold) continue;
        if (cursor.count() == 0) break;
        threshold = outer;
        return true;
      }
      return false;
    };
    take(histogram.positive, positive);
    // What was taken from the positive side is too little once the negative side has raised the threshold.
    if (!take(histogram.negative, negative)) return sum;
  }
}

void empty_zero_range(FloatHistogram& histogram, Correction* positive, Correction* negative) {
  auto empty = [&](BucketSide& side, Correction* correction) {
    for (BucketCursor cursor(side); cursor.next();) {
      if (histogram.bound(cursor.index() - 1) >= histogram.zero_threshold) break;
      side.counts[cursor.position()] = 0;
      if (correction != nullptr) (*correction)[cursor.position()] = 0;
    }
    compact_side(side, correction);
  };
  empty(histogram.positive, positive);
  empty(histogram.negative, negative);
}

}  // namespace nightlight
