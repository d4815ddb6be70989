#include "promql/exec/extended_range.h"

#include <algorithm>

namespace nightlight::promql {
namespace {

double between(const Windows& w, uint32_t i, int64_t at_ms) {
  double span_ms = static_cast<double>(w.timestamps_ms[i + 1] - w.timestamps_ms[i]);
  double passed_ms = static_cast<double>(at_ms - w.timestamps_ms[i]);
  return w.values[i] + (w.values[i + 1] - w.values[i]) * passed_ms / span_ms;
}

}  // namespace

Result<void> ExtendedWindow::fill(const Windows& w) {
  const bool smoothed = w.mode == RangeMode::kSmoothed;
  if (w.histogram_begin != nullptr && w.histogram_begin[0] < w.histogram_end[0]) {
    return Error{Code::kFailedPrecondition,
                 std::string(smoothed ? "smoothed" : "anchored") + " modifier is not supported with histograms"};
  }
  const uint32_t begin = w.begin[0], end = w.end[0];
  if (begin == end) return {};
  const int64_t start_ms = w.end_ms[0] - w.range_ms, end_ms = w.end_ms[0];
  const int64_t* times = w.timestamps_ms;
  // The last sample at or before the left edge, or the first one; and the last one, or the first at the right edge.
  auto first = static_cast<uint32_t>(std::upper_bound(times + begin, times + end - 1, start_ms) - times);
  first = first > begin ? first - 1 : begin;
  uint32_t last = end - 1;
  if (smoothed) last = static_cast<uint32_t>(std::lower_bound(times + begin, times + end - 1, end_ms) - times);
  if (times[last] <= start_ms) return {};
  const bool left_between = smoothed && times[first] < start_ms;
  const bool right_between = smoothed && last > begin && times[last] > end_ms;
  const double left = left_between ? between(w, first, start_ms) : w.values[first];
  const double right = right_between ? between(w, last - 1, end_ms) : w.values[last];
  timestamps_.push_back(start_ms);
  values_.push_back(left);
  for (uint32_t i = first; i <= last; ++i) {
    if (times[i] <= start_ms || times[i] >= end_ms) continue;
    timestamps_.push_back(times[i]);
    values_.push_back(w.values[i]);
  }
  timestamps_.push_back(end_ms);
  values_.push_back(right);
  end_ = static_cast<uint32_t>(values_.size());
  return {};
}

void ExtendedWindow::apply(Windows& w) const {
  w.timestamps_ms = timestamps_.data();
  w.values = values_.data();
  w.begin = &begin_;
  w.end = &end_;
}

}  // namespace nightlight::promql
