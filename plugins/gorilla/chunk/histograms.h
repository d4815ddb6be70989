// Chunks of native histograms: samples of one layout (kind, schema, zero threshold, spans, custom bounds), transposed,
// so that each bucket is a column of its own over time. Integer buckets are stored as counts rather than as the
// differences between neighbours: counts of a counter only grow.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_HISTOGRAMS_H_
#define NIGHTLIGHT_GORILLA_CHUNK_HISTOGRAMS_H_

#include <span>

#include "gorilla/block/sample_columns.h"
#include "gorilla/chunk/values.h"

namespace nightlight::gorilla {

// Beside kValueEncodings.
inline constexpr uint8_t kHistogramEncoding = 32;

// Numbers (buckets and others) in one chunk, at most.
inline constexpr size_t kMaxHistogramCells = size_t{1} << 20;

// Whether a sample may follow in the chunk of another.
bool same_layout(const Histogram& a, const Histogram& b);
// Numbers that one sample of this layout has.
size_t histogram_cells(const Histogram& histogram);
// The numbers of buckets agree with the spans. Others have no stored form.
bool valid_layout(const Histogram& histogram);

// Appends samples of one layout, without their timestamps.
void encode_histograms(std::span<const Histogram* const> samples, ValueChoice choice, Bytes& out);

// Decodes as many samples as there are timestamps; appends pointers into `arena`. False when damaged.
bool decode_histograms(ByteView bytes, std::span<const int64_t> timestamps_ms, SampleArena& arena,
                       std::vector<const Histogram*>& out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_HISTOGRAMS_H_
