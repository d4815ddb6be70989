// The newest exemplars, in a ring. Guarded by its own lock.
#ifndef NIGHTLIGHT_GORILLA_HEAD_EXEMPLARS_H_
#define NIGHTLIGHT_GORILLA_HEAD_EXEMPLARS_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {

struct StoredExemplar {
  uint32_t series = UINT32_MAX;
  int64_t timestamp_ms = 0;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels;
};

class Exemplars {
 public:
  explicit Exemplars(size_t capacity) : capacity_(capacity) {}

  enum class Verdict { kStored, kDuplicate, kOutOfOrder, kTooLong, kOff };
  // Prometheus' rules (tsdb/exemplar.go): per series in order of time, repetitions of the newest are ignored, at most
  // 128 characters of labels.
  Verdict check(uint32_t series, const Exemplar& exemplar) const;
  Verdict add(uint32_t series, const Exemplar& exemplar);
  // Those of a series within a range (inclusive), ascending in time.
  std::vector<StoredExemplar> of(uint32_t series, int64_t start_ms, int64_t end_ms) const;
  // Series that have any.
  std::vector<uint32_t> series() const;
  void forget(uint32_t series);

 private:
  Verdict verdict(uint32_t series, const Exemplar& exemplar) const REQUIRES(mutex_);

  const size_t capacity_;
  mutable Mutex mutex_;
  std::vector<StoredExemplar> ring_ GUARDED_BY(mutex_);
  size_t next_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint32_t, std::vector<uint32_t>> by_series_
      GUARDED_BY(mutex_);  // Places in the ring, oldest first.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_EXEMPLARS_H_
