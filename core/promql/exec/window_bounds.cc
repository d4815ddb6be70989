#include "promql/exec/window_bounds.h"

#include <algorithm>

#include "model/float_histogram.h"
#include "promql/exec/stale_marker.h"

namespace nightlight::promql {
namespace {

// For each window the half-open range of the ascending times within it. Answers whether any is not empty.
template <class TimeAt>
bool find_bounds(const WindowShape& shape, uint64_t count, TimeAt time_at, std::vector<uint32_t>& begin,
                 std::vector<uint32_t>& end) {
  begin.resize(shape.end_ms.size());
  end.resize(shape.end_ms.size());
  uint32_t first = 0, last = 0;
  const auto n = static_cast<uint32_t>(count);
  bool any = false;
  const int64_t reach_ms = saturating_add(shape.range_ms, shape.before_ms);
  for (uint64_t step = 0; step < shape.end_ms.size(); ++step) {
    const int64_t from_ms = saturating_sub(shape.end_ms[step], reach_ms);
    const int64_t to_ms = saturating_add(shape.end_ms[step], shape.after_ms);
    while (first < n && time_at(first) <= from_ms) ++first;
    last = std::max(last, first);
    while (last < n && time_at(last) <= to_ms) ++last;
    begin[step] = first;
    end[step] = last;
    any |= first < last;
  }
  return any;
}

}  // namespace

int64_t WindowShape::first_ms() const {
  if (end_ms.empty()) return 0;
  return saturating_add(saturating_sub(end_ms.front(), saturating_add(range_ms, before_ms)), 1);
}

int64_t WindowShape::last_ms() const { return end_ms.empty() ? -1 : saturating_add(end_ms.back(), after_ms); }

WindowShape window_shape(RangeMode mode, int64_t range_ms, int64_t lookback_ms, std::vector<int64_t> end_ms) {
  WindowShape shape;
  shape.mode = mode;
  shape.range_ms = range_ms;
  if (mode != RangeMode::kPlain) shape.before_ms = lookback_ms;
  if (mode == RangeMode::kSmoothed) shape.after_ms = lookback_ms;
  shape.end_ms = std::move(end_ms);
  return shape;
}

void WindowBounds::drop_stale_floats(View<int64_t>& timestamps_ms, View<double>& values,
                                     View<int64_t>& start_timestamps_ms) {
  if (!has_stale_marker(values.data, values.size)) return;
  timestamps_.clear();
  values_.clear();
  start_timestamps_.clear();
  for (uint64_t i = 0; i < values.size; ++i) {
    if (is_stale_marker(values[i])) continue;
    timestamps_.push_back(timestamps_ms[i]);
    values_.push_back(values[i]);
    if (!start_timestamps_ms.empty()) start_timestamps_.push_back(start_timestamps_ms[i]);
  }
  timestamps_ms = {timestamps_.data(), timestamps_.size()};
  values = {values_.data(), values_.size()};
  start_timestamps_ms = {start_timestamps_.data(), start_timestamps_.size()};
}

// Whether the bounds of the last call are those of these timestamps, too. Ids are looked at first; batches, and parts
// of a query that are computed one after the other, often have the same timestamps under another one.
bool WindowBounds::is_known(View<int64_t> timestamps_ms, uint64_t batch, uint64_t timestamps_id) {
  const bool was_none = bounds_id_ == 0;
  const bool same_id = timestamps_id == bounds_id_ && batch == bounds_batch_;
  bounds_id_ = timestamps_id;
  bounds_batch_ = batch;
  if (timestamps_id == 0) return false;
  if (same_id) return true;
  if (!was_none && std::equal(timestamps_ms.begin(), timestamps_ms.end(), bounds_times_.begin(), bounds_times_.end()))
    return true;
  bounds_times_.assign(timestamps_ms.begin(), timestamps_ms.end());
  return false;
}

bool WindowBounds::fill(View<int64_t> timestamps_ms, View<double> values, View<int64_t> start_timestamps_ms,
                        View<const Histogram*> histograms, uint64_t batch, uint64_t timestamps_id, Windows& out) {
  const uint64_t with_stale = values.size;
  drop_stale_floats(timestamps_ms, values, start_timestamps_ms);
  if (values.size != with_stale) timestamps_id = 0;
  if (!is_known(timestamps_ms, batch, timestamps_id)) {
    any_float_ = find_bounds(
        shape_, timestamps_ms.size, [&](uint32_t i) { return timestamps_ms[i]; }, begin_, end_);
    ++timing_id_;
  }
  held_ = static_cast<int64_t>(values.size);
  out.struct_size = sizeof out;
  out.mode = shape_.mode;
  out.range_ms = shape_.range_ms;
  out.end_ms = shape_.end_ms.data();
  out.timestamps_ms = timestamps_ms.data;
  out.values = values.data;
  out.start_timestamps_ms = start_timestamps_ms.empty() ? nullptr : start_timestamps_ms.data;
  out.begin = begin_.data();
  out.end = end_.data();
  out.timing_id = timing_id_;
  out.histograms = nullptr;
  out.histogram_begin = out.histogram_end = nullptr;
  if (histograms.empty()) return any_float_;

  histograms_.clear();
  sizes_.assign(1, 0);
  for (const Histogram* histogram : histograms) {
    if (is_stale(*histogram)) continue;
    histograms_.push_back(histogram);
    sizes_.push_back(sizes_.back() + size_in_samples(*histogram));
  }
  if (histograms_.empty()) return any_float_;
  held_ += sizes_.back();
  bool any_histogram = find_bounds(
      shape_, histograms_.size(), [&](uint32_t i) { return histograms_[i]->timestamp_ms; }, histogram_begin_,
      histogram_end_);
  out.histograms = histograms_.data();
  out.histogram_begin = histogram_begin_.data();
  out.histogram_end = histogram_end_.data();
  return any_float_ || any_histogram;
}

void WindowBounds::count(const Windows& windows, Domain& domain) {
  if (timing_id_ != counted_id_) {
    finish_counting(domain);
    counted_id_ = timing_id_;
    counted_begin_ = begin_;
    counted_end_ = end_;
  }
  ++uncounted_;
  if (windows.histogram_begin == nullptr) return;
  uint32_t seen = 0;  // So many have been in a window.
  for (uint64_t step = 0; step < domain.steps(); ++step) {
    const uint32_t begin = windows.histogram_begin[step], end = windows.histogram_end[step];
    domain.queryable_samples[step] += sizes_[end] - sizes_[begin];
    domain.read_samples[step] += sizes_[end] - sizes_[std::min(std::max(seen, begin), end)];
    seen = std::max(seen, end);
  }
}

void WindowBounds::finish_counting(Domain& domain) {
  uint32_t seen = 0;
  for (uint64_t step = 0; uncounted_ > 0 && step < domain.steps(); ++step) {
    const uint32_t begin = counted_begin_[step], end = counted_end_[step];
    domain.queryable_samples[step] += uncounted_ * (int64_t{end} - begin);
    domain.read_samples[step] += uncounted_ * (int64_t{end} - std::min(std::max(seen, begin), end));
    seen = std::max(seen, end);
  }
  uncounted_ = 0;
}

}  // namespace nightlight::promql
