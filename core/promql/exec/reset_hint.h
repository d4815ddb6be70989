// Hints of histograms, decided by the sample before.
#ifndef NIGHTLIGHT_PROMQL_EXEC_RESET_HINT_H_
#define NIGHTLIGHT_PROMQL_EXEC_RESET_HINT_H_

#include "model/float_histogram.h"

namespace nightlight::promql {

// An unknown hint becomes "reset" or "not reset", unless the sample before is a marker of staleness.
inline void decide_reset(FloatHistogram& histogram, const Histogram& before) {
  if (histogram.reset_hint != ResetHint::kUnknown || is_stale(before)) return;
  histogram.reset_hint = histogram.detect_reset(FloatHistogram(before)) ? ResetHint::kReset : ResetHint::kNotReset;
}

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_RESET_HINT_H_
