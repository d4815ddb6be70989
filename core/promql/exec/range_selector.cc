#include "promql/exec/range_selector.h"

#include "model/float_histogram.h"
#include "promql/exec/statistics_only.h"
#include "promql/exec/window_bounds.h"

namespace nightlight::promql {
namespace {

class RangeSelector final : public WindowStream {
 public:
  RangeSelector(QueryState& state, Domain& domain, Selection selection, WindowShape shape, bool statistics_only)
      : state_(state),
        domain_(domain),
        selection_(std::move(selection)),
        bounds_(std::move(shape)),
        statistics_only_(statistics_only),
        arena_(state.budget) {}
  ~RangeSelector() override { state_.held_samples -= held_; }

  Result<const WindowSeries*> next() override {
    while (true) {
      state_.held_samples -= std::exchange(held_, 0);
      NIGHTLIGHT_ASSIGN(series, selection_.next());
      if (series == nullptr) {
        bounds_.finish_counting(domain_);
        return nullptr;
      }
      const SeriesSamples& samples = *series->samples;
      NIGHTLIGHT_ASSIGN(histograms, as_float_histograms(samples.histograms));
      series_.windows.labels = series->labels;
      View<int64_t> starts = state_.options.use_start_timestamps ? samples.start_timestamps_ms : View<int64_t>{};
      if (!bounds_.fill(samples.timestamps_ms, samples.values, starts, histograms, series->batch, samples.timestamps_id,
                        series_.windows)) {
        continue;
      }
      held_ = bounds_.held_samples();
      NIGHTLIGHT_TRY(state_.charge(held_));
      bounds_.count(series_.windows, domain_);
      return &series_;
    }
  }

  bool distinct_without_name() const override { return selection_.distinct_without_name(); }
  uint64_t divisible() const override { return selection_.size(); }
  Result<WindowStreamPtr> part(QueryState& state, Domain& domain) const override {
    return WindowStreamPtr(
        std::make_unique<RangeSelector>(state, domain, selection_.part(state), bounds_.shape(), statistics_only_));
  }
  Result<void> move_to(uint64_t first, uint64_t count) override { return selection_.move_to(first, count); }

 private:
  // Functions see float histograms only.
  Result<View<const Histogram*>> as_float_histograms(View<const Histogram*> histograms) {
    if (histograms.empty()) return histograms;
    arena_.reset();
    histograms_.clear();
    for (uint64_t i = 0; i < histograms.size; ++i) {
      const Histogram* histogram = histograms[i];
      const bool as_it_is = (histogram->flags & kFloatHistogram) != 0 && !statistics_only_;
      if (as_it_is || is_stale(*histogram)) {
        histograms_.push_back(histogram);
        continue;
      }
      histogram_.assign(*histogram);
      if (statistics_only_) keep_statistics(histogram_, histograms, i);
      auto* stored = const_cast<Histogram*>(histogram_.store(&arena_, histogram->timestamp_ms));
      if (stored == nullptr) return state_.out_of_memory();
      stored->start_timestamp_ms = histogram->start_timestamp_ms;
      histograms_.push_back(stored);
    }
    return view_of(histograms_);
  }

  QueryState& state_;
  Domain& domain_;
  Selection selection_;
  WindowBounds bounds_;
  const bool statistics_only_;
  BlockArena arena_;
  FloatHistogram histogram_;
  std::vector<const Histogram*> histograms_;
  WindowSeries series_;
  int64_t held_ = 0;
};

}  // namespace

Result<WindowStreamPtr> open_windows(QueryState& state, Domain& domain, const VectorSelector& selector,
                                     WindowShape shape, SelectionHints hints) {
  hints.range_ms = shape.range_ms;
  NIGHTLIGHT_ASSIGN(selection, Selection::open(state, selector.matchers, shape.first_ms(), shape.last_ms(), hints));
  return WindowStreamPtr(
      std::make_unique<RangeSelector>(state, domain, std::move(selection), std::move(shape), hints.statistics_only));
}

}  // namespace nightlight::promql
