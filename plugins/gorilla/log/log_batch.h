// What one write did to the store, in columns: the unit of the log. A batch is replayed whole or not at all, and means
// the same without any other batch, except that series are named by the ids that an earlier batch (or the series log)
// defined.
#ifndef NIGHTLIGHT_GORILLA_LOG_LOG_BATCH_H_
#define NIGHTLIGHT_GORILLA_LOG_LOG_BATCH_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gorilla/block/sample_columns.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {

struct LogBatch {
  // New series: id, and labels [label_ends[i-1], label_ends[i]).
  std::vector<uint32_t> new_series;
  std::vector<LabelPair> labels;
  std::vector<uint32_t> label_ends;
  // Float samples, in the order in which they were applied.
  std::vector<uint32_t> sample_series;
  std::vector<int64_t> timestamps_ms;
  std::vector<uint64_t> value_bits;
  std::vector<int64_t> start_timestamps_ms;  // Empty, or parallel.
  // Histograms.
  std::vector<uint32_t> histogram_series;
  std::vector<const Histogram*> histograms;
  // Exemplars; Exemplar::series is the series id.
  std::vector<const Exemplar*> exemplars;
  std::vector<const Metadata*> metadata;
  // Deleted ranges, both ends inclusive.
  struct Tombstone {
    uint32_t series;
    int64_t start_ms, end_ms;
  };
  std::vector<Tombstone> tombstones;

  bool empty() const {
    return new_series.empty() && sample_series.empty() && histogram_series.empty() && exemplars.empty() &&
           metadata.empty() && tombstones.empty();
  }
  void clear();
};

// Appends the batch's bytes to `out`.
void encode_batch(const LogBatch& batch, std::string& out);

// A batch read from bytes, which it refers to: they must outlive it.
class DecodedBatch {
 public:
  // kDataLoss when the bytes are no batch.
  Result<void> decode(std::string_view bytes);
  const LogBatch& batch() const { return batch_; }

 private:
  LogBatch batch_;
  SampleArena arena_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_LOG_BATCH_H_
