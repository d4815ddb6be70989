// Floats and histograms of a series as one sequence in time.
#ifndef NIGHTLIGHT_PROMQL_STD_MERGED_H_
#define NIGHTLIGHT_PROMQL_STD_MERGED_H_

#include <vector>

#include "promql_std/window.h"

namespace nightlight::promql_std {

struct MergedSample {
  int64_t time_ms;
  uint32_t index;  // Into the floats or the histograms.
  bool is_histogram;
};

// All samples before the ends of the last window. Window [begin, end) and [histogram_begin, histogram_end) is then the
// run [begin + histogram_begin, end + histogram_end), because windows are contiguous in time.
inline std::vector<MergedSample> merge_samples(const Windows& w, uint64_t steps) {
  uint32_t floats = floats_end(w, steps), histograms = histograms_end(w, steps);
  std::vector<MergedSample> merged;
  merged.reserve(floats + histograms);
  uint32_t i = 0, j = 0;
  while (i < floats || j < histograms) {
    if (j == histograms || (i < floats && w.timestamps_ms[i] < w.histograms[j]->timestamp_ms)) {
      merged.push_back({w.timestamps_ms[i], i, false});
      ++i;
    } else {
      merged.push_back({w.histograms[j]->timestamp_ms, j, true});
      ++j;
    }
  }
  return merged;
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_MERGED_H_
