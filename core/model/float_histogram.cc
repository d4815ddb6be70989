#include "model/float_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/parse.h"
#include "model/bucket_bounds.h"
#include "model/bucket_merge.h"
#include "model/buckets.h"
#include "model/histogram_validation.h"
#include "model/stale_marker.h"
#include "nightlight/sugar.h"

namespace nightlight {
namespace {

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

template <class T>
void assign_from(std::vector<T>& out, View<T> in) {
  out.assign(in.begin(), in.end());
}

void assign_side(BucketSide& side, View<BucketSpan> spans, View<double> counts, View<int64_t> deltas, bool floats) {
  assign_from(side.spans, spans);
  if (floats) return assign_from(side.counts, counts);
  side.counts.clear();
  side.counts.reserve(deltas.size);
  int64_t count = 0;
  for (int64_t delta : deltas) side.counts.push_back(static_cast<double>(count += delta));
}

template <class T>
bool store_array(Arena* arena, const std::vector<T>& items, View<T>& out) {
  out = View<T>{nullptr, items.size()};
  if (items.empty()) return true;
  void* memory = arena->allocate(items.size() * sizeof(T));
  if (memory == nullptr) return false;
  std::memcpy(memory, items.data(), items.size() * sizeof(T));
  out.data = static_cast<const T*>(memory);
  return true;
}

bool sides_equal(const BucketSide& a, const BucketSide& b) {
  if (a.counts.size() != b.counts.size()) return false;
  BucketCursor left(a), right(b);
  while (left.next()) {
    if (!right.next() || left.index() != right.index() || !same_bits(left.count(), right.count())) return false;
  }
  return !right.next();
}

bool any_infinite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isinf(value); });
}

// A side of `of` at the schema of `layout`; copied into `room` only when that is another one.
const BucketSide& at_schema(const BucketSide& side, const FloatHistogram& of, const FloatHistogram& layout,
                            BucketSide& room) {
  if (of.schema == layout.schema) return side;
  room = side;
  reduce_side(room, nullptr, of.schema, layout.schema);
  return room;
}

// Whether a bucket of `previous` is missing (and was populated) or greater than in `current`. Buckets within the zero
// bucket of `layout`, at whose schema both sides are, do not count.
bool some_bucket_shrank(const BucketSide& current, const BucketSide& previous, const FloatHistogram& layout) {
  BucketCursor cursor(current);
  bool has_current = cursor.next();
  bool outside = layout.has_custom_buckets();
  for (BucketCursor before(previous); before.next();) {
    outside = outside || exponential_bound(before.index(), layout.schema) > layout.zero_threshold;
    if (!outside) continue;
    while (has_current && cursor.index() < before.index()) has_current = cursor.next();
    bool found = has_current && cursor.index() == before.index();
    if (found ? cursor.count() < before.count() : before.count() != 0) return true;
  }
  return false;
}

std::string bucket_text(const Bucket& bucket) {
  return std::string(bucket.lower_inclusive ? "[" : "(") + format_double_g(bucket.lower) + "," +
         format_double_g(bucket.upper) + (bucket.upper_inclusive ? "]:" : "):") + format_double_g(bucket.count);
}

int64_t samples_of(uint64_t spans, uint64_t counts) {
  constexpr uint64_t kFixedSize = 168;  // Of Prometheus' struct, whose accounting this follows.
  return static_cast<int64_t>((kFixedSize + 8 * (spans + counts) + 8) / 16);
}

}  // namespace

void FloatHistogram::assign(const Histogram& h) {
  bool floats = (h.flags & kFloatHistogram) != 0;
  reset_hint = h.reset_hint;
  schema = h.schema;
  zero_threshold = h.zero_threshold;
  zero_count = floats ? h.zero_count_float : static_cast<double>(h.zero_count_int);
  count = floats ? h.count_float : static_cast<double>(h.count_int);
  sum = h.sum;
  assign_side(positive, h.positive_spans, h.positive_counts, h.positive_deltas, floats);
  assign_side(negative, h.negative_spans, h.negative_counts, h.negative_deltas, floats);
  assign_from(custom_values, h.custom_values);
}

Histogram FloatHistogram::view(int64_t timestamp_ms) const {
  Histogram h{};
  h.struct_size = sizeof h;
  h.flags = kFloatHistogram;
  h.timestamp_ms = timestamp_ms;
  h.schema = schema;
  h.reset_hint = reset_hint;
  h.zero_threshold = zero_threshold;
  h.sum = sum;
  h.count_float = count;
  h.zero_count_float = zero_count;
  h.positive_spans = view_of(positive.spans);
  h.negative_spans = view_of(negative.spans);
  h.positive_counts = view_of(positive.counts);
  h.negative_counts = view_of(negative.counts);
  h.custom_values = view_of(custom_values);
  return h;
}

const Histogram* FloatHistogram::store(Arena* arena, int64_t timestamp_ms) const {
  Histogram h = view(timestamp_ms);
  void* memory = arena->allocate(sizeof h);
  if (memory == nullptr || !store_array(arena, positive.spans, h.positive_spans) ||
      !store_array(arena, negative.spans, h.negative_spans) ||
      !store_array(arena, positive.counts, h.positive_counts) ||
      !store_array(arena, negative.counts, h.negative_counts) || !store_array(arena, custom_values, h.custom_values)) {
    return nullptr;
  }
  return new (memory) Histogram(h);
}

bool FloatHistogram::is_stale() const { return is_stale_marker(sum); }

double FloatHistogram::bound(int32_t index) const {
  return has_custom_buckets() ? custom_bound(index, custom_values) : exponential_bound(index, schema);
}

void FloatHistogram::multiply(double factor) {
  zero_count *= factor;
  count *= factor;
  sum *= factor;
  for (double& bucket : positive.counts) bucket *= factor;
  for (double& bucket : negative.counts) bucket *= factor;
  if (factor < 0) reset_hint = ResetHint::kGauge;
}

void FloatHistogram::divide(double divisor) {
  zero_count /= divisor;
  count /= divisor;
  sum /= divisor;
  if (divisor == 0) {
    positive = {};
    negative = {};
    return;
  }
  for (double& bucket : positive.counts) bucket /= divisor;
  for (double& bucket : negative.counts) bucket /= divisor;
  if (divisor < 0) reset_hint = ResetHint::kGauge;
}

Result<Reconciled> FloatHistogram::combine(const FloatHistogram& other, double sign) {
  if (has_custom_buckets() != other.has_custom_buckets()) {
    return Error{Code::kInvalidArgument,
                 "cannot apply this operation on histograms with a mix of exponential and custom bucket schemas"};
  }
  for (const FloatHistogram* operand : {static_cast<const FloatHistogram*>(this), &other}) {
    if (std::string text = operand->layout_error(); !text.empty()) return Error{Code::kDataLoss, std::move(text)};
  }
  Reconciled reconciled;
  reconciled.hint_conflict = merge_hint(reset_hint, other.reset_hint);
  if (has_custom_buckets()) {
    count += sign * other.count;
    sum += sign * other.sum;
    if (custom_values == other.custom_values) {
      merge_side(positive, nullptr, other.positive, nullptr, sign, *this);
      return reconciled;
    }
    reconciled.custom_bounds = true;
    std::vector<double> common = common_bounds(custom_values, other.custom_values);
    std::vector<CompensatedSum> target(common.size() + 1);
    fold_custom_side(positive, nullptr, 1, custom_values, common, target);
    fold_custom_side(other.positive, nullptr, sign, other.custom_values, common, target);
    unfold_custom_side(target, positive, nullptr);
    custom_values = std::move(common);
    return reconciled;
  }
  double threshold = other.zero_threshold;
  double other_zero = other.zero_count;
  while (threshold != zero_threshold) {
    if (zero_threshold > threshold) {
      threshold = zero_threshold;
      other_zero = widened_zero_count(other, {other.zero_count, 0}, nullptr, nullptr, threshold).sum;
    }
    if (threshold > zero_threshold) {
      double widened = threshold;
      zero_count = widened_zero_count(*this, {zero_count, 0}, nullptr, nullptr, widened).sum;
      zero_threshold = widened;
      empty_zero_range(*this, nullptr, nullptr);
    }
  }
  zero_count += sign * other_zero;
  count += sign * other.count;
  sum += sign * other.sum;
  if (other.schema < schema) reduce_resolution(other.schema);
  const BucketSide *from_positive = &other.positive, *from_negative = &other.negative;
  BucketSide reduced_positive, reduced_negative;
  if (other.schema > schema) {
    reduced_positive = other.positive;
    reduced_negative = other.negative;
    reduce_side(reduced_positive, nullptr, other.schema, schema);
    reduce_side(reduced_negative, nullptr, other.schema, schema);
    from_positive = &reduced_positive;
    from_negative = &reduced_negative;
  }
  merge_side(positive, nullptr, *from_positive, nullptr, sign, *this);
  merge_side(negative, nullptr, *from_negative, nullptr, sign, *this);
  return reconciled;
}

void FloatHistogram::reduce_resolution(int32_t target) {
  reduce_side(positive, nullptr, schema, target);
  reduce_side(negative, nullptr, schema, target);
  schema = target;
}

void FloatHistogram::compact() {
  compact_side(positive, nullptr);
  compact_side(negative, nullptr);
}

void FloatHistogram::drop_buckets() {
  zero_threshold = 0;
  zero_count = 0;
  for (BucketSide* side : {&positive, &negative}) {
    side->spans.clear();
    side->counts.clear();
  }
  custom_values.clear();
}

bool FloatHistogram::equals(const FloatHistogram& other) const {
  if (schema != other.schema || !same_bits(count, other.count) || !same_bits(sum, other.sum)) return false;
  if (has_custom_buckets() && custom_values != other.custom_values) return false;
  if (zero_threshold != other.zero_threshold || !same_bits(zero_count, other.zero_count)) return false;
  return sides_equal(negative, other.negative) && sides_equal(positive, other.positive);
}

bool FloatHistogram::detect_reset(const FloatHistogram& previous) const {
  if (reset_hint == ResetHint::kReset) return true;
  if (reset_hint == ResetHint::kNotReset) return false;
  // A gauge is compared as if it were a counter: whoever asks has warned about that.
  if (count < previous.count) return true;
  if (has_custom_buckets()) {
    if (!previous.has_custom_buckets()) return true;
    if (custom_values != previous.custom_values) return detect_custom_reset(previous);
  }
  if (schema > previous.schema || zero_threshold < previous.zero_threshold) return true;
  double threshold = zero_threshold;
  double previous_zero = widened_zero_count(previous, {previous.zero_count, 0}, nullptr, nullptr, threshold).sum;
  if (threshold != zero_threshold || zero_count < previous_zero) return true;
  BucketSide room;
  return some_bucket_shrank(positive, at_schema(previous.positive, previous, *this, room), *this) ||
         some_bucket_shrank(negative, at_schema(previous.negative, previous, *this, room), *this);
}

bool FloatHistogram::detect_custom_reset(const FloatHistogram& previous) const {
  std::vector<double> common = common_bounds(custom_values, previous.custom_values);
  std::vector<CompensatedSum> now(common.size() + 1), before(common.size() + 1);
  fold_custom_side(positive, nullptr, 1, custom_values, common, now);
  fold_custom_side(previous.positive, nullptr, 1, previous.custom_values, common, before);
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i].sum < before[i].sum) return true;
  }
  return false;
}

bool FloatHistogram::overflowed() const {
  return std::isinf(zero_count) || std::isinf(count) || std::isinf(sum) || any_infinite(positive.counts) ||
         any_infinite(negative.counts) || any_infinite(custom_values);
}

int64_t FloatHistogram::size_in_samples() const {
  return samples_of(positive.spans.size() + negative.spans.size(),
                    positive.counts.size() + negative.counts.size() + custom_values.size());
}

std::string FloatHistogram::text() const {
  std::string out = "{count:" + format_double_g(count) + ", sum:" + format_double_g(sum);
  for (ReverseBucketCursor cursor(negative); cursor.next();) {
    if (cursor.count() != 0) out += ", " + bucket_text(negative_bucket(*this, cursor.index(), cursor.count()));
  }
  if (zero_count != 0) out += ", " + bucket_text(zero_bucket(*this));
  for (BucketCursor cursor(positive); cursor.next();) {
    if (cursor.count() != 0) out += ", " + bucket_text(positive_bucket(*this, cursor.index(), cursor.count()));
  }
  return out + "}";
}

std::string FloatHistogram::layout_error() const {
  std::string text = span_error(view_of(positive.spans), positive.counts.size());
  return text.empty() ? span_error(view_of(negative.spans), negative.counts.size()) : text;
}

int64_t size_in_samples(const Histogram& h) {
  uint64_t counts = (h.flags & kFloatHistogram) != 0 ? h.positive_counts.size + h.negative_counts.size
                                                     : h.positive_deltas.size + h.negative_deltas.size;
  return samples_of(h.positive_spans.size + h.negative_spans.size, counts + h.custom_values.size);
}

bool is_stale(const Histogram& histogram) { return is_stale_marker(histogram.sum); }

bool merge_hint(ResetHint& into, ResetHint other) {
  if (into == other || into == ResetHint::kGauge) return false;
  if (other == ResetHint::kGauge || other == ResetHint::kUnknown) {
    into = other;
    return false;
  }
  bool conflict = into != ResetHint::kUnknown;
  into = ResetHint::kUnknown;
  return conflict;
}

std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

}  // namespace nightlight
