// The shapes in which samples travel: columns of timestamps and values, whole histograms, exemplars and metadata.
// One call carries a request or a few hundred series; there is never a call per sample.
//
// Times are Unix milliseconds. A float sample that is a staleness marker has the bits 0x7ff0000000000002; a histogram's
// marker has them in `sum`. Compare bits: NaN is data.
#ifndef NIGHTLIGHT_COLUMNS_H_
#define NIGHTLIGHT_COLUMNS_H_

#include "nightlight/abi.h"

namespace nightlight {

inline constexpr uint64_t kStaleNaNBits = 0x7ff0000000000002ull;

// ---- native histograms
// ----------------------------------------------------------------------------------------------------

// A run of consecutive buckets. The first span's offset is the index of its first bucket, every later one's is the gap
// since the end of the previous span.
struct BucketSpan {
  int32_t offset;
  uint32_t length;
};

enum class ResetHint : uint32_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };

enum HistogramFlags : uint32_t { kFloatHistogram = 1 };

inline constexpr int32_t kCustomBucketsSchema = -53;

// One native-histogram sample, as Prometheus has it (prompb/io/prometheus/write/v2, model/histogram): integer
// histograms hold counts and bucket *deltas* (to the previous bucket, the first absolute), float histograms hold
// absolute doubles. Exponential schemas -4..8: bucket i covers (2^((i-1)/2^schema), 2^(i/2^schema)]. Schema -53:
// `custom_values` are the upper bounds.
struct Histogram {
  uint32_t struct_size;
  uint32_t flags;  // HistogramFlags
  int64_t timestamp_ms;
  int64_t start_timestamp_ms;  // 0: unknown
  int32_t schema;
  ResetHint reset_hint;
  double zero_threshold;
  double sum;
  double count_float;  // When kFloatHistogram, else 0.
  double zero_count_float;
  uint64_t count_int;  // When not kFloatHistogram, else 0.
  uint64_t zero_count_int;
  View<BucketSpan> positive_spans, negative_spans;
  View<int64_t> positive_deltas, negative_deltas;
  View<double> positive_counts, negative_counts;
  View<double> custom_values;
};

// ---- writing
// --------------------------------------------------------------------------------------------------------------

struct Exemplar {
  uint32_t struct_size;
  uint32_t series;  // Index into the batch; unused when reading.
  int64_t timestamp_ms;
  double value;
  View<LabelPair> labels;
};

// By the number in the remote-write protocols.
enum class MetricKind : uint32_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateSet = 7,
};

struct Metadata {
  uint32_t struct_size;
  MetricKind kind;
  Str family;
  Str help;
  Str unit;
};

// One write request. Series i has
//   refs[i]     what Sink::resolve said for keys[i], or 0;
//   labels      [label_ends[i-1], label_ends[i]) of `labels`, sorted and unique; may be empty when refs[i] is not 0;
//   samples     [sample_ends[i-1], sample_ends[i]) of timestamps_ms / values / start_timestamps_ms;
//   histograms  [histogram_ends[i-1], histogram_ends[i]) of `histograms`.
// with the end of series -1 being 0. Samples of a series are in the order in which the sender gave them.
struct WriteBatch {
  uint32_t struct_size;
  uint32_t flags;  // WriteFlags
  const CallContext* context;
  uint64_t series_count;
  View<uint64_t> refs;  // Empty, or series_count.
  View<Str> keys;       // Empty, or series_count. See Sink::resolve.
  View<LabelPair> labels;
  View<uint32_t> label_ends;   // series_count
  View<uint32_t> sample_ends;  // series_count
  View<int64_t> timestamps_ms;
  View<double> values;                // Parallel to timestamps_ms.
  View<int64_t> start_timestamps_ms;  // Empty, or parallel to timestamps_ms; 0: unknown.
  View<uint32_t> histogram_ends;      // Empty, or series_count.
  View<const Histogram*> histograms;
  View<const Exemplar*> exemplars;
  View<const Metadata*> metadata;
};

enum WriteFlags : uint32_t {
  kAllOrNothing = 1,  // One rejected sample or histogram rejects the whole batch (Prometheus' remote write 1.0).
};

enum class RejectReason : uint32_t {
  kOutOfOrder = 0,   // Older than the series' newest sample, and no out-of-order window takes it.
  kDuplicate = 1,    // The time of the series' newest sample, other value. (Older than that it is a late sample: it may
                     // count as written, and what was there first stays.)
  kTooOld = 2,       // Older than the out-of-order window.
  kOutOfBounds = 3,  // Too far in the past or the future.
  kInvalidHistogram = 4,
  kInvalidLabels = 5,
  kLimit = 6,  // A series limit.
  kNonFinite = 7,
  kInvalidExemplar = 8,
};

// Told of each rejected sample, histogram or exemplar, in the batch's order.
class NIGHTLIGHT_INTERFACE RejectionSink {
 public:
  // [one] `text` is a sentence without the series' labels, in Prometheus' words where it has some.
  virtual void rejected(uint64_t series, RejectReason reason, Str text) noexcept = 0;

 protected:
  ~RejectionSink() = default;
};

// Filled by Sink::append.
struct AppendResult {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t samples_written;  // Exact duplicates count as written.
  uint64_t histograms_written;
  uint64_t exemplars_written;
  uint64_t metadata_written;
  uint64_t rejected;
  RejectionSink* rejections;  // Set by the caller; null: nobody listens.
};

// ---- reading
// --------------------------------------------------------------------------------------------------------------

// A label as positions in a SeriesSet's symbol table. Within one set, equal symbols mean equal strings.
struct LabelRef {
  uint32_t name;
  uint32_t value;
};

// The samples of one series within the selected range, ascending in time, markers of staleness included.
struct SeriesSamples {
  uint32_t struct_size;
  uint32_t flags;   // 0
  uint64_t series;  // Position in the SeriesSet.
  // Series of one batch with the same non-zero id have the same `timestamps_ms`: window bounds need computing once.
  uint64_t timestamps_id;
  View<int64_t> timestamps_ms;
  View<double> values;                // Parallel to timestamps_ms.
  View<int64_t> start_timestamps_ms;  // Empty (all unknown), or parallel to timestamps_ms.
  View<const Histogram*> histograms;  // Never at a time that timestamps_ms has too: where both came, one stays.
};

struct SeriesBatch {
  uint32_t struct_size;
  uint32_t reserved;
  View<const SeriesSamples*> series;  // In the order of the set. Series without samples are left out.
};

static_assert(sizeof(BucketSpan) == 8);
static_assert(sizeof(LabelRef) == 8);
static_assert(sizeof(Histogram) == 192);

}  // namespace nightlight

#endif  // NIGHTLIGHT_COLUMNS_H_
