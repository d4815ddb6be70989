// A bare `metric[5m] anchored` or `smoothed`: the window's samples, with values at both of its edges.
#ifndef NIGHTLIGHT_PROMQL_EXEC_EXTENDED_RANGE_H_
#define NIGHTLIGHT_PROMQL_EXEC_EXTENDED_RANGE_H_

#include <vector>

#include "base/result.h"
#include "nightlight/function.h"

namespace nightlight::promql {

class ExtendedWindow {
 public:
  // Of the only window of `w`. kFailedPrecondition for histograms, which have no such form.
  Result<void> fill(const Windows& w);
  // Lets `w` refer to what fill made, as long as this object lives.
  void apply(Windows& w) const;

 private:
  std::vector<int64_t> timestamps_;
  std::vector<double> values_;
  uint32_t begin_ = 0, end_ = 0;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_EXTENDED_RANGE_H_
