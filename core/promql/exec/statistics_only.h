// Histograms of which only count, sum and hint are wanted.
#ifndef NIGHTLIGHT_PROMQL_EXEC_STATISTICS_ONLY_H_
#define NIGHTLIGHT_PROMQL_EXEC_STATISTICS_ONLY_H_

#include "model/float_histogram.h"

namespace nightlight::promql {

// Drops the buckets of `histogram`, which is all[i], once the histogram before it has decided by them whether an
// unknown hint becomes "reset" or "not reset". Markers of staleness in between do not count.
inline void keep_statistics(FloatHistogram& histogram, View<const Histogram*> all, uint64_t i) {
  if (histogram.reset_hint == ResetHint::kUnknown) {
    while (i > 0 && is_stale(*all[i - 1])) --i;
    if (i > 0) {
      const bool reset = histogram.detect_reset(FloatHistogram(*all[i - 1]));
      histogram.reset_hint = reset ? ResetHint::kReset : ResetHint::kNotReset;
    }
  }
  histogram.drop_buckets();
}

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_STATISTICS_ONLY_H_
