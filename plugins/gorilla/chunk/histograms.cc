#include "gorilla/chunk/histograms.h"

#include <algorithm>

#include "base/check.h"

namespace nightlight::gorilla {
namespace {

bool same_spans(View<BucketSpan> a, View<BucketSpan> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const BucketSpan& x, const BucketSpan& y) {
    return x.offset == y.offset && x.length == y.length;
  });
}

bool same_bits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

bool same_doubles(View<double> a, View<double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

bool is_float(const Histogram& h) { return (h.flags & kFloatHistogram) != 0; }

uint64_t bucket_count(const View<BucketSpan>& spans) {
  uint64_t count = 0;
  for (const BucketSpan& span : spans) count += span.length;
  return count;
}

void put_spans(View<BucketSpan> spans, Bytes& out) {
  put_varint(out, spans.size);
  for (const BucketSpan& span : spans) {
    put_signed(out, span.offset);
    put_varint(out, span.length);
  }
}

// A column: encoding, size, bytes.
void put_column(uint8_t encoding, const Bytes& bytes, Bytes& out) {
  out.push_back(encoding);
  put_varint(out, bytes.size());
  put_bytes(out, bytes);
}

class Columns {
 public:
  Columns(std::span<const Histogram* const> samples, ValueChoice choice, Bytes& out)
      : samples_(samples), choice_(choice), out_(out), integers_(samples.size()), doubles_(samples.size()) {}

  template <class Get>
  void integers(Get get) {
    for (size_t i = 0; i < samples_.size(); ++i) integers_[i] = static_cast<int64_t>(get(*samples_[i]));
    put_integers();
  }
  template <class Get>
  void doubles(Get get) {
    for (size_t i = 0; i < samples_.size(); ++i) doubles_[i] = get(*samples_[i]);
    scratch_.clear();
    uint8_t encoding = encode_values(doubles_, choice_, scratch_);
    put_column(encoding, scratch_, out_);
  }
  // Buckets of one sign, as counts: the running sums of the differences.
  template <class Get>
  void counts(size_t buckets, Get get) {
    std::vector<int64_t> sums(samples_.size());
    for (size_t b = 0; b < buckets; ++b) {
      for (size_t i = 0; i < samples_.size(); ++i) sums[i] = wrap_add(sums[i], get(*samples_[i])[b]);
      integers_ = sums;
      put_integers();
    }
  }

 private:
  void put_integers() {
    scratch_.clear();
    IntegerEncoding encoding = encode_integers(integers_, scratch_, integers_of(choice_));
    put_column(static_cast<uint8_t>(encoding), scratch_, out_);
  }

  std::span<const Histogram* const> samples_;
  ValueChoice choice_;
  Bytes& out_;
  std::vector<int64_t> integers_;
  std::vector<double> doubles_;
  Bytes scratch_;
};

// What all samples of a chunk share, as read.
struct Layout {
  bool floats = false;
  int32_t schema = 0;
  double zero_threshold = 0;
  View<BucketSpan> positive{}, negative{};
  View<double> custom{};
  uint64_t positive_count = 0, negative_count = 0;
};

View<BucketSpan> read_spans(BoundedReader& in, SampleArena& arena, uint64_t* buckets) {
  size_t count = in.bounded(in.remaining() / 2);
  auto* spans = arena.allocate<BucketSpan>(count);
  for (size_t i = 0; i < count; ++i) {
    int64_t offset = in.signed_varint();
    uint64_t length = in.bounded(UINT32_MAX);
    if (offset < INT32_MIN || offset > INT32_MAX) in.fail();
    spans[i] = BucketSpan{static_cast<int32_t>(offset), static_cast<uint32_t>(length)};
    *buckets += length;
  }
  return {spans, count};
}

bool read_layout(BoundedReader& in, SampleArena& arena, Layout* layout) {
  uint64_t kind = in.bounded(1);
  int64_t schema = in.signed_varint();
  layout->floats = kind == 1;
  layout->zero_threshold = in.fixed<double>();
  layout->positive = read_spans(in, arena, &layout->positive_count);
  layout->negative = read_spans(in, arena, &layout->negative_count);
  size_t custom = in.bounded(in.remaining() / 8);
  auto* bounds = arena.allocate<double>(custom);
  for (size_t i = 0; i < custom; ++i) bounds[i] = in.fixed<double>();
  layout->custom = {bounds, custom};
  if (schema < INT32_MIN || schema > INT32_MAX) return false;
  layout->schema = static_cast<int32_t>(schema);
  return in.ok();
}

class ColumnReader {
 public:
  ColumnReader(BoundedReader& in, size_t samples) : in_(in), integers_(samples), doubles_(samples) {}

  const std::vector<int64_t>* integers() {
    uint8_t encoding = in_.byte();
    ByteView bytes = in_.bytes(in_.varint());
    bool ok =
        in_.ok() && decode_integers(static_cast<IntegerEncoding>(encoding), bytes, integers_.size(), integers_.data());
    return ok ? &integers_ : nullptr;
  }
  const std::vector<double>* doubles() {
    uint8_t encoding = in_.byte();
    ByteView bytes = in_.bytes(in_.varint());
    bool ok = in_.ok() && decode_values(encoding, bytes, doubles_.size(), doubles_.data());
    return ok ? &doubles_ : nullptr;
  }

 private:
  BoundedReader& in_;
  std::vector<int64_t> integers_;
  std::vector<double> doubles_;
};

// The buckets of one sign, for all samples: `out[sample * buckets + bucket]`.
bool read_deltas(ColumnReader& columns, size_t samples, size_t buckets, int64_t* out) {
  std::vector<int64_t> before(samples);
  for (size_t b = 0; b < buckets; ++b) {
    const auto* counts = columns.integers();
    if (counts == nullptr) return false;
    for (size_t i = 0; i < samples; ++i) {
      out[i * buckets + b] = wrap_sub((*counts)[i], before[i]);
      before[i] = (*counts)[i];
    }
  }
  return true;
}

bool read_counts(ColumnReader& columns, size_t samples, size_t buckets, double* out) {
  for (size_t b = 0; b < buckets; ++b) {
    const auto* counts = columns.doubles();
    if (counts == nullptr) return false;
    for (size_t i = 0; i < samples; ++i) out[i * buckets + b] = (*counts)[i];
  }
  return true;
}

// Fills one field of each sample from the next column.
template <class Column, class Set>
bool fill(const Column* column, Histogram* samples, Set set) {
  if (column == nullptr) return false;
  for (size_t i = 0; i < column->size(); ++i) set(samples[i], (*column)[i]);
  return true;
}

bool read_common(ColumnReader& columns, Histogram* samples) {
  bool hints =
      fill(columns.integers(), samples, [](Histogram& h, int64_t v) { h.reset_hint = static_cast<ResetHint>(v); });
  return hints && fill(columns.integers(), samples, [](Histogram& h, int64_t v) { h.start_timestamp_ms = v; }) &&
         fill(columns.doubles(), samples, [](Histogram& h, double v) { h.sum = v; });
}

bool read_floats(ColumnReader& columns, const Layout& layout, size_t count, SampleArena& arena, Histogram* samples) {
  if (!fill(columns.doubles(), samples, [](Histogram& h, double v) { h.count_float = v; }) ||
      !fill(columns.doubles(), samples, [](Histogram& h, double v) { h.zero_count_float = v; }))
    return false;
  auto* positive = arena.allocate<double>(count * layout.positive_count);
  auto* negative = arena.allocate<double>(count * layout.negative_count);
  if (!read_counts(columns, count, layout.positive_count, positive) ||
      !read_counts(columns, count, layout.negative_count, negative))
    return false;
  for (size_t i = 0; i < count; ++i) {
    samples[i].positive_counts = {positive + i * layout.positive_count, layout.positive_count};
    samples[i].negative_counts = {negative + i * layout.negative_count, layout.negative_count};
  }
  return true;
}

bool read_integers(ColumnReader& columns, const Layout& layout, size_t count, SampleArena& arena, Histogram* samples) {
  if (!fill(columns.integers(), samples, [](Histogram& h, int64_t v) { h.count_int = static_cast<uint64_t>(v); }) ||
      !fill(columns.integers(), samples, [](Histogram& h, int64_t v) { h.zero_count_int = static_cast<uint64_t>(v); }))
    return false;
  auto* positive = arena.allocate<int64_t>(count * layout.positive_count);
  auto* negative = arena.allocate<int64_t>(count * layout.negative_count);
  if (!read_deltas(columns, count, layout.positive_count, positive) ||
      !read_deltas(columns, count, layout.negative_count, negative))
    return false;
  for (size_t i = 0; i < count; ++i) {
    samples[i].positive_deltas = {positive + i * layout.positive_count, layout.positive_count};
    samples[i].negative_deltas = {negative + i * layout.negative_count, layout.negative_count};
  }
  return true;
}

}  // namespace

bool same_layout(const Histogram& a, const Histogram& b) {
  return is_float(a) == is_float(b) && a.schema == b.schema && same_bits(a.zero_threshold, b.zero_threshold) &&
         same_spans(a.positive_spans, b.positive_spans) && same_spans(a.negative_spans, b.negative_spans) &&
         same_doubles(a.custom_values, b.custom_values);
}

size_t histogram_cells(const Histogram& h) {
  return 5 + bucket_count(h.positive_spans) + bucket_count(h.negative_spans);
}

bool valid_layout(const Histogram& h) {
  uint64_t positive = is_float(h) ? h.positive_counts.size : h.positive_deltas.size;
  uint64_t negative = is_float(h) ? h.negative_counts.size : h.negative_deltas.size;
  return bucket_count(h.positive_spans) == positive && bucket_count(h.negative_spans) == negative &&
         histogram_cells(h) <= kMaxHistogramCells;
}

void encode_histograms(std::span<const Histogram* const> samples, ValueChoice choice, Bytes& out) {
  NIGHTLIGHT_CHECK(!samples.empty() && samples.size() <= kMaxChunkSamples, "a chunk's number of samples");
  const Histogram& first = *samples[0];
  bool floats = is_float(first);
  put_varint(out, floats ? 1 : 0);
  put_signed(out, first.schema);
  put_fixed(out, first.zero_threshold);
  put_spans(first.positive_spans, out);
  put_spans(first.negative_spans, out);
  put_varint(out, first.custom_values.size);
  for (double bound : first.custom_values) put_fixed(out, bound);
  Columns columns(samples, choice, out);
  columns.integers([](const Histogram& h) { return static_cast<int64_t>(h.reset_hint); });
  columns.integers([](const Histogram& h) { return h.start_timestamp_ms; });
  columns.doubles([](const Histogram& h) { return h.sum; });
  if (floats) {
    columns.doubles([](const Histogram& h) { return h.count_float; });
    columns.doubles([](const Histogram& h) { return h.zero_count_float; });
    for (size_t b = 0; b < first.positive_counts.size; ++b)
      columns.doubles([b](const Histogram& h) { return h.positive_counts[b]; });
    for (size_t b = 0; b < first.negative_counts.size; ++b)
      columns.doubles([b](const Histogram& h) { return h.negative_counts[b]; });
  } else {
    columns.integers([](const Histogram& h) { return h.count_int; });
    columns.integers([](const Histogram& h) { return h.zero_count_int; });
    columns.counts(first.positive_deltas.size, [](const Histogram& h) { return h.positive_deltas; });
    columns.counts(first.negative_deltas.size, [](const Histogram& h) { return h.negative_deltas; });
  }
}

bool decode_histograms(ByteView bytes, std::span<const int64_t> timestamps_ms, SampleArena& arena,
                       std::vector<const Histogram*>& out) {
  size_t count = timestamps_ms.size();
  if (count == 0 || count > kMaxChunkSamples) return false;
  BoundedReader in(bytes);
  Layout layout;
  if (!read_layout(in, arena, &layout)) return false;
  // Every column has two bytes at least; so the numbers of buckets are bounded by what is there.
  uint64_t cells = 5 + layout.positive_count + layout.negative_count;
  if (cells > in.remaining() / 2 || cells * count > kMaxHistogramCells) return false;
  auto* samples = arena.allocate<Histogram>(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = Histogram{};
    samples[i].struct_size = sizeof(Histogram);
    samples[i].flags = layout.floats ? uint32_t{kFloatHistogram} : 0u;
    samples[i].timestamp_ms = timestamps_ms[i];
    samples[i].schema = layout.schema;
    samples[i].zero_threshold = layout.zero_threshold;
    samples[i].positive_spans = layout.positive;
    samples[i].negative_spans = layout.negative;
    samples[i].custom_values = layout.custom;
  }
  ColumnReader columns(in, count);
  bool ok = read_common(columns, samples) && (layout.floats ? read_floats(columns, layout, count, arena, samples)
                                                            : read_integers(columns, layout, count, arena, samples));
  if (!ok || !in.finished()) return false;
  for (size_t i = 0; i < count; ++i) {
    if (static_cast<uint32_t>(samples[i].reset_hint) > static_cast<uint32_t>(ResetHint::kGauge)) return false;
    out.push_back(samples + i);
  }
  return true;
}

}  // namespace nightlight::gorilla
