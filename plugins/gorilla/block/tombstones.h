// Deleted ranges of the series of a block, by ordinal. Readers subtract them; compaction leaves them out for good.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_TOMBSTONES_H_
#define NIGHTLIGHT_GORILLA_BLOCK_TOMBSTONES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gorilla/block/sample_columns.h"

namespace nightlight::gorilla {

// Both ends inclusive.
struct TimeRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  bool operator==(const TimeRange&) const = default;
};

class Tombstones {
 public:
  // Joins overlapping and touching ranges.
  void add(uint32_t ordinal, TimeRange range);
  // The deleted ranges of a series, ascending and disjoint; null when it has none.
  const std::vector<TimeRange>* ranges(uint32_t ordinal) const;
  bool empty() const { return series_.empty(); }
  uint64_t range_count() const;
  const std::map<uint32_t, std::vector<TimeRange>>& series() const { return series_; }

  std::string encode() const;
  static Result<Tombstones> decode(std::string_view bytes);

 private:
  std::map<uint32_t, std::vector<TimeRange>> series_;
};

// Drops the samples at or after position `floats_from` / `histograms_from` that lie in `ranges`. Clears timestamps_id
// when something was dropped.
void subtract(const std::vector<TimeRange>& ranges, SampleColumns* samples, size_t floats_from = 0,
              size_t histograms_from = 0);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_TOMBSTONES_H_
