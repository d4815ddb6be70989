// Range vectors: which of a series' samples each step's window holds.
#ifndef NIGHTLIGHT_PROMQL_EXEC_WINDOW_BOUNDS_H_
#define NIGHTLIGHT_PROMQL_EXEC_WINDOW_BOUNDS_H_

#include <vector>

#include "promql/exec/domain.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// The windows of all steps: window i is (end_ms[i] - range_ms, end_ms[i]], and samples are wanted from (more than)
// `before_ms` before it to `after_ms` behind it.
struct WindowShape {
  RangeMode mode = RangeMode::kPlain;
  int64_t range_ms = 0;
  int64_t before_ms = 0, after_ms = 0;
  std::vector<int64_t> end_ms;

  int64_t first_ms() const;  // Of the samples that some window wants, both inclusive.
  int64_t last_ms() const;
};

WindowShape window_shape(RangeMode mode, int64_t range_ms, int64_t lookback_ms, std::vector<int64_t> end_ms);

// Makes Windows of a series' samples; markers of staleness are left out. What it fills in lives until the next call.
class WindowBounds {
 public:
  explicit WindowBounds(WindowShape shape) : shape_(std::move(shape)) {}

  // False when no window holds a sample. Labels are left alone. Calls with the same `batch` and the same
  // `timestamps_id` (of SeriesSamples; 0: unknown) have the same timestamps.
  bool fill(View<int64_t> timestamps_ms, View<double> values, View<int64_t> start_timestamps_ms,
            View<const Histogram*> histograms, uint64_t batch, uint64_t timestamps_id, Windows& out);
  const WindowShape& shape() const { return shape_; }
  // Counts what fill found: the samples of every window, and those that were in none before. Some may be counted only
  // when finish_counting is called, at the end of the series.
  void count(const Windows& windows, Domain& domain);
  void finish_counting(Domain& domain);
  // Samples that the last call holds.
  int64_t held_samples() const { return held_; }

 private:
  void drop_stale_floats(View<int64_t>& timestamps_ms, View<double>& values, View<int64_t>& start_timestamps_ms);

  const WindowShape shape_;
  bool is_known(View<int64_t> timestamps_ms, uint64_t batch, uint64_t timestamps_id);

  uint64_t bounds_batch_ = 0, bounds_id_ = 0;  // Whose timestamps begin_ and end_ are for, ...
  std::vector<int64_t> bounds_times_;          // ... and these, when the id is not 0.
  uint64_t timing_id_ = 0;                     // Grows with every change of begin_ and end_.
  // So many series whose bounds are these are yet to be counted.
  int64_t uncounted_ = 0;
  uint64_t counted_id_ = 0;
  std::vector<uint32_t> counted_begin_, counted_end_;
  std::vector<uint32_t> begin_, end_, histogram_begin_, histogram_end_;
  bool any_float_ = false;
  std::vector<int64_t> timestamps_, start_timestamps_;
  std::vector<double> values_;
  std::vector<const Histogram*> histograms_;
  std::vector<int64_t> sizes_;  // Running sums of the histograms' sizes, one more than there are histograms.
  int64_t held_ = 0;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_WINDOW_BOUNDS_H_
