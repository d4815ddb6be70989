// A store for tests: every series in memory, as sorted vectors. Slow and obviously right.
//
// Not for concurrent use with `append` or `clear`; reading is safe from many threads.
#ifndef NIGHTLIGHT_TESTS_PROMQL_MEMORY_STORAGE_H_
#define NIGHTLIGHT_TESTS_PROMQL_MEMORY_STORAGE_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/float_histogram.h"
#include "model/labels.h"
#include "nightlight/storage.h"

namespace nightlight::test {

// One value of a series: a histogram when there is one, otherwise a float.
struct Sample {
  int64_t timestamp_ms = 0;
  int64_t start_timestamp_ms = 0;  // 0: unknown
  double value = 0;
  std::optional<FloatHistogram> histogram;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(Host* host) : host_(host) {}

  // Samples must be newer than what the series has; the same sample again is ignored. kInvalidArgument otherwise.
  Result<void> append(const Labels& labels, const Sample& sample);
  void clear() { series_.clear(); }

  Status select(const Select* select, SeriesSet** out) noexcept override;
  Status label_names(const LabelQuery* query, StringSink* out) noexcept override;
  Status label_values(Str name, const LabelQuery* query, StringSink* out) noexcept override;
  uint64_t generation(Str, int64_t) noexcept override { return generation_; }

 private:
  Host* host_;
  std::map<Labels, std::vector<Sample>> series_;
  uint64_t generation_ = 0;
};

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_MEMORY_STORAGE_H_
