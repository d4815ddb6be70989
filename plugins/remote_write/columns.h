// The columns of one write request, filled by a decoder and handed to the sink. An object serves many requests, one at
// a time, and keeps its memory, so that a request of known series allocates nothing. Text is borrowed from the
// request's body or from the arena here.
#ifndef NIGHTLIGHT_REMOTE_WRITE_COLUMNS_H_
#define NIGHTLIGHT_REMOTE_WRITE_COLUMNS_H_

#include <cstdint>
#include <memory_resource>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "nightlight/columns.h"

namespace nightlight::remote_write {

enum class NonFinite { kAccept, kDrop, kReject };

// What becomes of samples before the sink sees them.
struct SamplePolicy {
  int64_t newest_ms = INT64_MAX;  // Later samples are out of bounds.
  NonFinite non_finite = NonFinite::kAccept;
};

// A sample, histogram or exemplar that will not be stored. `series` is a position in the columns.
struct Rejection {
  uint64_t series;
  RejectReason reason;
  std::string text;
};

class Columns {
 public:
  // ---- filled by decoders: for each series its samples and so on, then end_series ----
  std::vector<Str> keys;
  std::vector<int64_t> timestamps_ms, start_timestamps_ms;
  std::vector<double> values;
  std::vector<uint32_t> sample_ends, histogram_ends;
  std::vector<const Histogram*> histograms;
  std::vector<const Exemplar*> exemplars;
  std::vector<const Metadata*> metadata;
  std::vector<Rejection> rejections;
  uint64_t dropped_samples = 0;  // Silently, by NonFinite::kDrop.

  // ---- filled on the way to the sink ----
  std::vector<uint64_t> refs;
  std::vector<LabelPair> labels;
  std::vector<uint32_t> label_ends;

  uint64_t series_count() const { return keys.size(); }

  // Adds a sample to the series that is being read, unless the policy is against it.
  void add_sample(int64_t timestamp_ms, double value, const SamplePolicy& policy) {
    if (timestamp_ms > policy.newest_ms || (policy.non_finite != NonFinite::kAccept && !is_storable(value)))
        [[unlikely]] {
      refuse_sample(timestamp_ms, policy);
      return;
    }
    timestamps_ms.push_back(timestamp_ms);
    values.push_back(value);
  }
  void add_histogram(const Histogram* histogram, const SamplePolicy& policy);

  // Ends a series whose labels are spelled by `key`.
  void end_series(Str key) {
    keys.push_back(key);
    sample_ends.push_back(static_cast<uint32_t>(values.size()));
    histogram_ends.push_back(static_cast<uint32_t>(histograms.size()));
  }

  // Forgets the series that are marked, with everything that belongs to them.
  void remove_series(const std::vector<bool>& removed);

  // The request as the sink wants it; valid until the columns change.
  WriteBatch batch(const CallContext* context, uint32_t flags) const;

  void clear();

  template <class T>
  T* make(const T& value) {
    return new (arena_.allocate(sizeof(T), alignof(T))) T(value);
  }
  template <class T>
  T* make_array(size_t count) {
    return static_cast<T*>(arena_.allocate(count * sizeof(T), alignof(T)));
  }

 private:
  static bool is_storable(double value);
  void refuse_sample(int64_t timestamp_ms, const SamplePolicy& policy);

  std::pmr::monotonic_buffer_resource arena_;
};

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_COLUMNS_H_
