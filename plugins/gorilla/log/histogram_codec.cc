#include "gorilla/log/histogram_codec.h"

#include <algorithm>

namespace nightlight::gorilla {
namespace {

constexpr uint8_t kHasStart = 2, kHasCustom = 4, kHasNegative = 8;

void put_spans(ByteWriter& w, View<BucketSpan> spans) {
  w.varint(spans.size);
  for (const BucketSpan& s : spans) w.signed_varint(s.offset), w.varint(s.length);
}

void put_integers(ByteWriter& w, View<int64_t> values) {
  w.varint(values.size);
  for (int64_t v : values) w.signed_varint(v);
}

void put_doubles(ByteWriter& w, View<double> values) {
  w.varint(values.size);
  w.bytes(values.data, values.size * sizeof(double));
}

View<BucketSpan> get_spans(ByteReader& r, SampleArena& arena) {
  size_t n = r.count(2);
  auto* out = arena.allocate<BucketSpan>(n);
  for (size_t i = 0; i < n; ++i) {
    out[i].offset = static_cast<int32_t>(r.signed_varint());
    out[i].length = static_cast<uint32_t>(r.varint());
  }
  return {out, n};
}

View<int64_t> get_integers(ByteReader& r, SampleArena& arena) {
  size_t n = r.count();
  auto* out = arena.allocate<int64_t>(n);
  for (size_t i = 0; i < n; ++i) out[i] = r.signed_varint();
  return {out, n};
}

View<double> get_doubles(ByteReader& r, SampleArena& arena) {
  size_t n = r.count(sizeof(double));
  auto* out = arena.allocate<double>(n);
  if (const char* p = r.take(n * sizeof(double)); p != nullptr && n > 0) std::memcpy(out, p, n * sizeof(double));
  return {out, n};
}

}  // namespace

void encode_histogram(const Histogram& h, std::string& out) {
  ByteWriter w(out);
  const bool is_float = (h.flags & kFloatHistogram) != 0;
  const bool negative = !h.negative_spans.empty() || !h.negative_deltas.empty() || !h.negative_counts.empty();
  w.fixed(static_cast<uint8_t>((is_float ? kFloatHistogram : 0u) | (h.start_timestamp_ms != 0 ? kHasStart : 0u) |
                               (h.custom_values.empty() ? 0u : kHasCustom) | (negative ? kHasNegative : 0u) |
                               (static_cast<uint32_t>(h.reset_hint) << 4)));
  w.signed_varint(h.timestamp_ms);
  if (h.start_timestamp_ms != 0) w.signed_varint(h.start_timestamp_ms);
  w.signed_varint(h.schema);
  w.fixed(h.zero_threshold);
  w.fixed(h.sum);
  if (is_float) {
    w.fixed(h.count_float), w.fixed(h.zero_count_float);
  } else {
    w.varint(h.count_int), w.varint(h.zero_count_int);
  }
  put_spans(w, h.positive_spans);
  is_float ? put_doubles(w, h.positive_counts) : put_integers(w, h.positive_deltas);
  if (negative) {
    put_spans(w, h.negative_spans);
    is_float ? put_doubles(w, h.negative_counts) : put_integers(w, h.negative_deltas);
  }
  if (!h.custom_values.empty()) put_doubles(w, h.custom_values);
}

const Histogram* decode_histogram(ByteReader& r, SampleArena& arena) {
  auto* h = arena.allocate<Histogram>(1);
  *h = Histogram{};
  h->struct_size = sizeof(Histogram);
  auto flags = r.fixed<uint8_t>();
  h->flags = flags & kFloatHistogram;
  h->reset_hint = static_cast<ResetHint>((flags >> 4) & 3);
  h->timestamp_ms = r.signed_varint();
  if ((flags & kHasStart) != 0) h->start_timestamp_ms = r.signed_varint();
  h->schema = static_cast<int32_t>(r.signed_varint());
  h->zero_threshold = r.fixed<double>();
  h->sum = r.fixed<double>();
  const bool is_float = h->flags != 0;
  if (is_float) {
    h->count_float = r.fixed<double>(), h->zero_count_float = r.fixed<double>();
  } else {
    h->count_int = r.varint(), h->zero_count_int = r.varint();
  }
  auto side = [&](View<BucketSpan>& spans, View<int64_t>& deltas, View<double>& counts) {
    spans = get_spans(r, arena);
    if (is_float) {
      counts = get_doubles(r, arena);
    } else {
      deltas = get_integers(r, arena);
    }
  };
  side(h->positive_spans, h->positive_deltas, h->positive_counts);
  if ((flags & kHasNegative) != 0) side(h->negative_spans, h->negative_deltas, h->negative_counts);
  if ((flags & kHasCustom) != 0) h->custom_values = get_doubles(r, arena);
  return r.ok() ? h : nullptr;
}

}  // namespace nightlight::gorilla
