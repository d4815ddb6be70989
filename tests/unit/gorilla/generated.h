// Data for the tests of chunks and blocks, from a seed.
#ifndef NIGHTLIGHT_TESTS_GORILLA_GENERATED_H_
#define NIGHTLIGHT_TESTS_GORILLA_GENERATED_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "nightlight/columns.h"

namespace nightlight::gorilla::testing {

using Random = std::mt19937_64;

inline bool same_bits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

inline bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return true;
}

// The shapes that columns of values have: constants, counters, gauges, decimals, sums, noise, any bits at all.
inline constexpr int kValueShapes = 12;
inline std::vector<double> values_of_shape(int shape, size_t count, Random& random) {
  std::vector<double> out(count);
  auto below = [&](uint64_t n) { return static_cast<double>(random() % n); };
  double level = below(1000000);
  for (size_t i = 0; i < count; ++i) {
    switch (shape) {
      case 0:
        out[i] = std::floor(level);
        break;
      case 1:
        out[i] = level += below(50);
        break;
      case 2:
        out[i] = random() % 20 == 0 ? level += below(3) : level;
        break;
      case 3:
        out[i] = std::round(below(100000)) / 100;
        break;
      case 4:
        out[i] = 4096 * below(100000);
        break;
      case 5:
        out[i] = level += below(1000) / 997.0;
        break;
      case 6:
        out[i] = std::bit_cast<double>(random());
        break;
      case 7:
        out[i] = random() % 30 == 0 ? std::bit_cast<double>(kStaleNaNBits) : (level += 7);
        break;
      case 8:
        out[i] = i % 97 == 96 ? level = 0 : level += below(1000);
        break;
      case 9:
        out[i] = std::vector<double>{0.0, -0.0, INFINITY, -INFINITY, std::nan(""), 1e300, 5e-324}[random() % 7];
        break;
      case 10:
        out[i] = (random() % 2 == 0 ? 1 : -1) * below(uint64_t{1} << 52);
        break;
      default:
        out[i] = level * 1e-9;
        break;
    }
  }
  return out;
}

// An integer shape, for timestamps and counts.
inline constexpr int kIntegerShapes = 8;
inline std::vector<int64_t> integers_of_shape(int shape, size_t count, Random& random) {
  std::vector<int64_t> out(count);
  auto value = static_cast<int64_t>(random() % 1000000);
  for (size_t i = 0; i < count; ++i) {
    switch (shape) {
      case 0:
        out[i] = value;
        break;
      case 1:
        out[i] = value += 15000;
        break;
      case 2:
        out[i] = value += 15000 + static_cast<int64_t>(random() % 7);
        break;
      case 3:
        out[i] = random() % 50 == 0 ? value += 3 : value;
        break;
      case 4:
        out[i] = static_cast<int64_t>(random());
        break;
      case 5:
        out[i] = random() % 2 == 0 ? INT64_MIN : INT64_MAX;
        break;
      case 6:
        out[i] = static_cast<int64_t>(random() >> (random() % 64));
        break;
      default:
        out[i] = random() % 40 == 0 ? value -= 1 << 30 : value += static_cast<int64_t>(random() % 300);
        break;
    }
  }
  return out;
}

// A histogram with the memory behind it.
struct OwnedHistogram {
  Histogram h{};
  std::vector<BucketSpan> positive_spans, negative_spans;
  std::vector<int64_t> positive_deltas, negative_deltas;
  std::vector<double> positive_counts, negative_counts, custom_values;

  void bind() {
    h.struct_size = sizeof(Histogram);
    h.positive_spans = {positive_spans.data(), positive_spans.size()};
    h.negative_spans = {negative_spans.data(), negative_spans.size()};
    h.positive_deltas = {positive_deltas.data(), positive_deltas.size()};
    h.negative_deltas = {negative_deltas.data(), negative_deltas.size()};
    h.positive_counts = {positive_counts.data(), positive_counts.size()};
    h.negative_counts = {negative_counts.data(), negative_counts.size()};
    h.custom_values = {custom_values.data(), custom_values.size()};
  }
};

// `layout` picks spans, schema and kind; equal layouts may share a chunk.
inline std::unique_ptr<OwnedHistogram> histogram_of(uint64_t layout, int64_t timestamp_ms, Random& random) {
  auto out = std::make_unique<OwnedHistogram>();
  bool floats = layout % 2 == 1;
  out->h.flags = floats ? uint32_t{kFloatHistogram} : 0;
  out->h.timestamp_ms = timestamp_ms;
  out->h.start_timestamp_ms = layout % 3 == 0 ? 1000 : 0;
  out->h.schema = layout % 5 == 4 ? kCustomBucketsSchema : static_cast<int32_t>(layout % 5);
  out->h.reset_hint = static_cast<ResetHint>(random() % 4);
  out->h.zero_threshold = 1e-128;
  out->h.sum = static_cast<double>(random() % 100000) / 7;
  size_t buckets = 0;
  for (uint64_t s = 0; s < layout % 4; ++s) {
    out->positive_spans.push_back({static_cast<int32_t>(s * 2), static_cast<uint32_t>(1 + s)});
    buckets += 1 + s;
  }
  if (layout % 7 == 3) out->negative_spans.push_back({-3, 2});
  size_t negative = layout % 7 == 3 ? 2 : 0;
  if (out->h.schema == kCustomBucketsSchema) out->custom_values = {0.5, 1, 2.5};
  if (floats) {
    out->h.count_float = static_cast<double>(random() % 1000) / 3;
    out->h.zero_count_float = 2;
    for (size_t i = 0; i < buckets; ++i) out->positive_counts.push_back(static_cast<double>(random() % 50));
    for (size_t i = 0; i < negative; ++i) out->negative_counts.push_back(1.5);
  } else {
    out->h.count_int = random() % 1000;
    out->h.zero_count_int = 3;
    for (size_t i = 0; i < buckets; ++i) out->positive_deltas.push_back(static_cast<int64_t>(random() % 20) - 10);
    for (size_t i = 0; i < negative; ++i) out->negative_deltas.push_back(static_cast<int64_t>(random()));
  }
  out->bind();
  return out;
}

template <class T, class Same>
bool same_views(View<T> a, View<T> b, Same same) {
  if (a.size != b.size) return false;
  for (uint64_t i = 0; i < a.size; ++i)
    if (!same(a[i], b[i])) return false;
  return true;
}

inline bool same_histogram(const Histogram& a, const Histogram& b) {
  auto spans = [](BucketSpan x, BucketSpan y) { return x.offset == y.offset && x.length == y.length; };
  auto ints = [](int64_t x, int64_t y) { return x == y; };
  auto doubles = [](double x, double y) { return same_bits(x, y); };
  return a.flags == b.flags && a.timestamp_ms == b.timestamp_ms && a.start_timestamp_ms == b.start_timestamp_ms &&
         a.schema == b.schema && a.reset_hint == b.reset_hint && same_bits(a.zero_threshold, b.zero_threshold) &&
         same_bits(a.sum, b.sum) && same_bits(a.count_float, b.count_float) &&
         same_bits(a.zero_count_float, b.zero_count_float) && a.count_int == b.count_int &&
         a.zero_count_int == b.zero_count_int && same_views(a.positive_spans, b.positive_spans, spans) &&
         same_views(a.negative_spans, b.negative_spans, spans) &&
         same_views(a.positive_deltas, b.positive_deltas, ints) &&
         same_views(a.negative_deltas, b.negative_deltas, ints) &&
         same_views(a.positive_counts, b.positive_counts, doubles) &&
         same_views(a.negative_counts, b.negative_counts, doubles) &&
         same_views(a.custom_values, b.custom_values, doubles);
}

}  // namespace nightlight::gorilla::testing

#endif  // NIGHTLIGHT_TESTS_GORILLA_GENERATED_H_
