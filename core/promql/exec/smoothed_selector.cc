// `metric smoothed`: the value at the step itself, between the samples on either side.
#include <algorithm>

#include "model/labels.h"
#include "promql/exec/column_room.h"
#include "promql/exec/histogram_notes.h"
#include "promql/exec/instant_selector.h"
#include "promql/exec/range_selector.h"
#include "promql/exec/window_bounds.h"

namespace nightlight::promql {
namespace {

class SmoothedSelector final : public VectorStream {
 public:
  SmoothedSelector(QueryState& state, Domain& domain, Span span, WindowStreamPtr windows, Keep keep)
      : state_(state), domain_(domain), span_(span), windows_(std::move(windows)), room_(state, domain, keep) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(series, windows_->next());
      if (series == nullptr) return nullptr;
      const Windows& w = series->windows;
      ColumnFill fill = room_.fresh(w.labels, 0, w.histogram_begin != nullptr);
      if (!fill) return state_.out_of_memory();
      for (uint64_t step = 0; step < domain_.steps(); ++step) {
        bool floats = w.begin[step] < w.end[step];
        bool histograms = w.histogram_begin != nullptr && w.histogram_begin[step] < w.histogram_end[step];
        if (floats && histograms) {
          notes::mixed_floats_histograms(state_.notes, label_value(w.labels, kMetricNameLabel), span_);
        } else if (floats) {
          take_float(w, step, fill);
        } else if (histograms) {
          NIGHTLIGHT_TRY(take_histogram(w, step, fill));
        }
      }
      if (has_any(*fill.column, domain_)) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return windows_->distinct_without_name(); }

 private:
  void take_float(const Windows& w, uint64_t step, const ColumnFill& fill) {
    const int64_t at_ms = w.end_ms[step];
    const int64_t* end = w.timestamps_ms + w.end[step];
    const int64_t* later = std::lower_bound(w.timestamps_ms + w.begin[step], end, at_ms);
    auto i = static_cast<uint32_t>(later - w.timestamps_ms);
    if (later != end && *later == at_ms) return fill.set(step, w.values[i]);
    if (i == w.begin[step]) return;  // Nothing before.
    if (later == end) return fill.set(step, w.values[i - 1]);
    double span_ms = static_cast<double>(w.timestamps_ms[i] - w.timestamps_ms[i - 1]);
    double passed_ms = static_cast<double>(at_ms - w.timestamps_ms[i - 1]);
    fill.set(step, w.values[i - 1] + (w.values[i] - w.values[i - 1]) * passed_ms / span_ms);
  }

  Result<void> take_histogram(const Windows& w, uint64_t step, const ColumnFill& fill) {
    const int64_t at_ms = w.end_ms[step];
    uint32_t end = w.histogram_end[step], i = w.histogram_begin[step];
    while (i < end && w.histograms[i]->timestamp_ms < at_ms) ++i;
    if (i < end && w.histograms[i]->timestamp_ms == at_ms) {
      value_.assign(*w.histograms[i]);
    } else if (i == w.histogram_begin[step]) {
      return {};  // Nothing before.
    } else if (i == end) {
      value_.assign(*w.histograms[i - 1]);
      value_.reset_hint = ResetHint::kUnknown;  // It tells of neighbouring samples, which this is none of.
    } else {
      NIGHTLIGHT_ASSIGN(
          between, interpolate(*w.histograms[i - 1], *w.histograms[i], at_ms, label_value(w.labels, kMetricNameLabel)));
      if (!between) return {};
    }
    fill.histograms[step] = room_.store(value_, step);
    if (fill.histograms[step] == nullptr) return state_.out_of_memory();
    return {};
  }

  // Leaves the histogram between two others in value_; false when they do not go together, which has been noted then.
  Result<bool> interpolate(const Histogram& before, const Histogram& after, int64_t at_ms, std::string_view metric) {
    FloatHistogram previous(before);
    value_.assign(after);
    if (previous.has_custom_buckets() != value_.has_custom_buckets()) {
      notes::mixed_schemas(state_.notes, metric, span_);
      return false;
    }
    double fraction = static_cast<double>(at_ms - before.timestamp_ms) /
                      static_cast<double>(after.timestamp_ms - before.timestamp_ms);
    bool gauge = previous.reset_hint == ResetHint::kGauge && value_.reset_hint == ResetHint::kGauge;
    if (!gauge && value_.detect_reset(previous)) {
      value_.multiply(fraction);  // It rose from nothing.
      return true;
    }
    NIGHTLIGHT_ASSIGN(subtracted, value_.subtract(previous));
    if (subtracted.custom_bounds) notes::bounds_reconciled(state_.notes, "subtraction", span_);
    value_.multiply(fraction);
    NIGHTLIGHT_ASSIGN(added, value_.add(previous));
    if (added.custom_bounds) notes::bounds_reconciled(state_.notes, "addition", span_);
    return true;
  }

  QueryState& state_;
  const Domain& domain_;
  const Span span_;
  WindowStreamPtr windows_;
  ColumnRoom room_;
  FloatHistogram value_;
};

}  // namespace

Result<VectorStreamPtr> open_smoothed_selector(QueryState& state, Domain& domain, const VectorSelector& selector,
                                               const SelectionHints& hints, Keep keep) {
  WindowShape shape =
      window_shape(RangeMode::kSmoothed, 0, state.options.lookback_ms, reference_times(state, domain, selector.shift));
  NIGHTLIGHT_ASSIGN(windows, open_windows(state, domain, selector, std::move(shape), hints));
  return VectorStreamPtr(std::make_unique<SmoothedSelector>(state, domain, selector.span, std::move(windows), keep));
}

}  // namespace nightlight::promql
