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

// Whether one of `ranges`, which ascend and lie apart, has the time.
bool covers(const std::vector<TimeRange>& ranges, int64_t time_ms);
// Drops the samples that lie in `ranges`.
void subtract(const std::vector<TimeRange>& ranges, SampleColumns* samples);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_TOMBSTONES_H_
