#include "remote_read/histogram_chunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "model/stale_marker.h"
#include "remote_read/bit_writer.h"

namespace nightlight::remote_read {
namespace {

bool is_stale(const Histogram& h) { return is_stale_marker(h.sum); }

template <class T>
bool equal_bits(View<T> a, View<T> b) {
  return a.size == b.size && std::equal(a.begin(), a.end(), b.begin(), [](const T& x, const T& y) {
           if constexpr (std::is_same_v<T, BucketSpan>) {
             return x.offset == y.offset && x.length == y.length;
           } else {
             return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
           }
         });
}

bool same_layout(const Histogram& a, const Histogram& b) {
  return ((a.flags ^ b.flags) & kFloatHistogram) == 0 && a.schema == b.schema &&
         std::bit_cast<uint64_t>(a.zero_threshold) == std::bit_cast<uint64_t>(b.zero_threshold) &&
         equal_bits(a.positive_spans, b.positive_spans) && equal_bits(a.negative_spans, b.negative_spans) &&
         equal_bits(a.custom_values, b.custom_values);
}

bool deltas_fell(View<int64_t> before, View<int64_t> after) {
  int64_t a = 0, b = 0;
  for (uint64_t i = 0; i < before.size; ++i) {
    a += before[i], b += after[i];
    if (b < a) return true;
  }
  return false;
}

bool counts_fell(View<double> before, View<double> after) {
  for (uint64_t i = 0; i < before.size; ++i) {
    if (after[i] < before[i]) return true;
  }
  return false;
}

// A counter that was reset, between two histograms of the same layout.
bool was_reset(const Histogram& before, const Histogram& after) {
  if ((before.flags & kFloatHistogram) != 0) {
    return after.count_float < before.count_float || after.zero_count_float < before.zero_count_float ||
           counts_fell(before.positive_counts, after.positive_counts) ||
           counts_fell(before.negative_counts, after.negative_counts);
  }
  return after.count_int < before.count_int || after.zero_count_int < before.zero_count_int ||
         deltas_fell(before.positive_deltas, after.positive_deltas) ||
         deltas_fell(before.negative_deltas, after.negative_deltas);
}

uint8_t header(ResetHint hint) {
  switch (hint) {
    case ResetHint::kReset:
      return 0b10 << 6;
    case ResetHint::kNotReset:
      return 0b01 << 6;
    case ResetHint::kGauge:
      return 0b11 << 6;
    case ResetHint::kUnknown:
      break;
  }
  return 0;
}

// Powers of two from 2^-243 to 2^10, halved, take one byte; zero is 0.
void write_zero_threshold(BitWriter& out, double threshold) {
  if (threshold == 0) return out.bits(0, 8);
  int exponent;
  double fraction = std::frexp(threshold, &exponent);
  if (fraction == 0.5 && exponent >= -242 && exponent <= 11) return out.bits(static_cast<uint64_t>(exponent + 243), 8);
  out.bits(255, 8);
  out.bits(std::bit_cast<uint64_t>(threshold), 64);
}

void write_spans(BitWriter& out, View<BucketSpan> spans) {
  out.varbit_unsigned(spans.size);
  for (const BucketSpan& span : spans) {
    out.varbit_unsigned(span.length);
    out.varbit(span.offset);
  }
}

// Bounds that are whole thousandths up to 33554.430 take a variable-length integer, others a zero bit and 64 bits.
void write_custom_bounds(BitWriter& out, View<double> bounds) {
  out.varbit_unsigned(bounds.size);
  for (double bound : bounds) {
    double thousandths = std::round(bound * 1000);
    if (bound >= 0 && bound <= 33554.430 && thousandths / 1000 == bound) {
      out.varbit_unsigned(static_cast<uint64_t>(thousandths) + 1);
    } else {
      out.bit(false);
      out.bits(std::bit_cast<uint64_t>(bound), 64);
    }
  }
}

void write_layout(BitWriter& out, const Histogram& h) {
  write_zero_threshold(out, h.zero_threshold);
  out.varbit(h.schema);
  write_spans(out, h.positive_spans);
  write_spans(out, h.negative_spans);
  if (h.schema == kCustomBucketsSchema) write_custom_bounds(out, h.custom_values);
}

// An integer over the samples of a chunk: whole, then its delta, then deltas of deltas.
class IntegerColumn {
 public:
  void write(BitWriter& out, uint64_t sample, int64_t value) {
    int64_t delta = wrap(value, previous_);
    out.varbit(sample == 0 ? value : sample == 1 ? delta : wrap(delta, delta_));
    previous_ = value;
    delta_ = sample == 0 ? 0 : delta;
  }
  void write_first_unsigned(BitWriter& out, uint64_t value) {
    out.varbit_unsigned(value);
    previous_ = static_cast<int64_t>(value);
  }
  // A stale marker has no counts: its differences are written as nothing.
  static void write_nothing(BitWriter& out) { out.varbit(0); }

 private:
  static int64_t wrap(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  }
  int64_t previous_ = 0, delta_ = 0;
};

class TimeColumn {
 public:
  void write(BitWriter& out, uint64_t sample, int64_t time_ms) {
    int64_t delta = time_ms - previous_;
    if (sample == 0) out.varbit(time_ms);
    if (sample == 1) out.varbit_unsigned(static_cast<uint64_t>(delta));
    if (sample > 1) out.varbit(delta - delta_);
    previous_ = time_ms;
    delta_ = delta;
  }

 private:
  int64_t previous_ = 0, delta_ = 0;
};

void write_double(BitWriter& out, XorWriter& column, uint64_t sample, double value) {
  sample == 0 ? column.first(out, value) : column.next(out, value);
}

void write_integers(BitWriter& out, const Histogram* const* histograms, uint64_t count) {
  TimeColumn times;
  IntegerColumn counts, zero_counts;
  XorWriter sums;
  std::vector<IntegerColumn> buckets(histograms[0]->positive_deltas.size + histograms[0]->negative_deltas.size);
  for (uint64_t i = 0; i < count; ++i) {
    const Histogram& h = *histograms[i];
    bool stale = is_stale(h);
    times.write(out, i, h.timestamp_ms);
    if (i == 0) {
      counts.write_first_unsigned(out, stale ? 0 : h.count_int);
      zero_counts.write_first_unsigned(out, stale ? 0 : h.zero_count_int);
    } else if (stale) {
      IntegerColumn::write_nothing(out);
      IntegerColumn::write_nothing(out);
    } else {
      counts.write(out, i, static_cast<int64_t>(h.count_int));
      zero_counts.write(out, i, static_cast<int64_t>(h.zero_count_int));
    }
    write_double(out, sums, i, h.sum);
    if (stale) continue;
    IntegerColumn* bucket = buckets.data();
    for (int64_t delta : h.positive_deltas) bucket++->write(out, i, delta);
    for (int64_t delta : h.negative_deltas) bucket++->write(out, i, delta);
  }
}

void write_floats(BitWriter& out, const Histogram* const* histograms, uint64_t count) {
  TimeColumn times;
  XorWriter counts, zero_counts, sums;
  std::vector<XorWriter> buckets(histograms[0]->positive_counts.size + histograms[0]->negative_counts.size);
  for (uint64_t i = 0; i < count; ++i) {
    const Histogram& h = *histograms[i];
    bool stale = is_stale(h);
    times.write(out, i, h.timestamp_ms);
    write_double(out, counts, i, stale ? 0 : h.count_float);
    write_double(out, zero_counts, i, stale ? 0 : h.zero_count_float);
    write_double(out, sums, i, h.sum);
    if (stale) continue;
    XorWriter* bucket = buckets.data();
    for (double value : h.positive_counts) write_double(out, *bucket++, i, value);
    for (double value : h.negative_counts) write_double(out, *bucket++, i, value);
  }
}

}  // namespace

bool continues_chunk(const Histogram& previous, const Histogram& next) {
  if (is_stale(previous)) return false;  // A marker is the last of its chunk.
  if (is_stale(next)) return ((previous.flags ^ next.flags) & kFloatHistogram) == 0;
  if (!same_layout(previous, next)) return false;
  bool gauge = previous.reset_hint == ResetHint::kGauge;
  if (gauge || next.reset_hint == ResetHint::kGauge) return gauge && next.reset_hint == ResetHint::kGauge;
  if (next.reset_hint == ResetHint::kUnknown) return !was_reset(previous, next);
  return next.reset_hint == ResetHint::kNotReset;
}

std::string encode_histogram_chunk(const Histogram* const* histograms, uint64_t count) {
  std::string data;
  data.push_back(static_cast<char>(count >> 8));
  data.push_back(static_cast<char>(count & 0xff));
  const Histogram& first = *histograms[0];
  data.push_back(static_cast<char>(header(first.reset_hint)));
  BitWriter out(data);
  if (is_stale(first)) {
    Histogram empty{};
    write_layout(out, empty);
  } else {
    write_layout(out, first);
  }
  (first.flags & kFloatHistogram) != 0 ? write_floats(out, histograms, count) : write_integers(out, histograms, count);
  return data;
}

}  // namespace nightlight::remote_read
