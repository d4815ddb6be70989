#include "promql/exec/subquery.h"

#include <algorithm>

#include "promql/exec/column_room.h"
#include "promql/exec/window_bounds.h"

namespace nightlight::promql {
namespace {

class Subquery final : public WindowStream {
 public:
  Subquery(QueryState& state, Domain& outer, std::unique_ptr<Domain> inner, VectorStreamPtr columns, WindowShape shape)
      : state_(state),
        outer_(outer),
        inner_(std::move(inner)),
        columns_(std::move(columns)),
        bounds_(std::move(shape)) {}
  ~Subquery() override { state_.held_samples -= held_; }

  Result<const WindowSeries*> next() override {
    while (true) {
      state_.held_samples -= std::exchange(held_, 0);
      NIGHTLIGHT_ASSIGN(column, columns_->next());
      if (column == nullptr) {
        attribute_counts();
        return nullptr;
      }
      gather(*column);
      series_.windows.labels = column->labels;
      series_.flags = column->flags;
      if (!bounds_.fill(view_of(timestamps_), view_of(values_), {}, view_of(histograms_), 0, 0, series_.windows))
        continue;
      held_ = bounds_.held_samples();
      NIGHTLIGHT_TRY(state_.charge(held_));
      return &series_;
    }
  }

  bool distinct_without_name() const override { return columns_->distinct_without_name(); }

 private:
  void gather(const Column& column) {
    timestamps_.clear();
    values_.clear();
    histogram_data_.clear();
    histograms_.clear();
    for (uint64_t step = 0; step < inner_->steps(); ++step) {
      if (has_float(column, step)) {
        timestamps_.push_back(inner_->times_ms[step]);
        values_.push_back(column.values[step]);
      } else if (const Histogram* histogram = histogram_at(column, step); histogram != nullptr) {
        histogram_data_.push_back(*histogram);
        Histogram& sample = histogram_data_.back();
        sample.timestamp_ms = inner_->times_ms[step];
        // The hint is about neighbouring samples, and these are others.
        if (sample.reset_hint != ResetHint::kGauge) sample.reset_hint = ResetHint::kUnknown;
      }
    }
    for (const Histogram& histogram : histogram_data_) histograms_.push_back(&histogram);
  }

  // What the inner steps looked at counts for the outer steps whose windows hold them.
  void attribute_counts() {
    const WindowShape& shape = bounds_.shape();
    size_t read_until = 0;
    for (uint64_t step = 0; step < outer_.steps(); ++step) {
      auto first = std::upper_bound(inner_->times_ms.begin(), inner_->times_ms.end(),
                                    saturating_sub(shape.end_ms[step], shape.range_ms));
      auto last = std::upper_bound(first, inner_->times_ms.end(), shape.end_ms[step]);
      auto begin = static_cast<size_t>(first - inner_->times_ms.begin());
      auto end = static_cast<size_t>(last - inner_->times_ms.begin());
      for (size_t i = begin; i < end; ++i) outer_.queryable_samples[step] += inner_->queryable_samples[i];
      for (size_t i = std::max(begin, read_until); i < end; ++i) outer_.read_samples[step] += inner_->read_samples[i];
      read_until = std::max(read_until, end);
    }
  }

  QueryState& state_;
  Domain& outer_;
  const std::unique_ptr<Domain> inner_;
  VectorStreamPtr columns_;
  WindowBounds bounds_;
  std::vector<int64_t> timestamps_;
  std::vector<double> values_;
  std::vector<Histogram> histogram_data_;
  std::vector<const Histogram*> histograms_;
  WindowSeries series_;
  int64_t held_ = 0;
};

}  // namespace

Result<WindowStreamPtr> open_subquery(QueryState& state, Domain& domain, const SubqueryExpr& subquery,
                                      const OpenInner& open) {
  WindowShape shape =
      window_shape(RangeMode::kPlain, subquery.range_ms, 0, reference_times(state, domain, subquery.shift));
  const int64_t interval_ms = subquery.step_ms != 0 ? subquery.step_ms : state.options.subquery_step_ms;
  int64_t start_ms = 0, end_ms = -1;
  if (domain.steps() > 0) {
    // The grid is that of the epoch; the first window is open on the left.
    const int64_t before_ms = saturating_sub(shape.end_ms.front(), subquery.range_ms);
    start_ms = before_ms / interval_ms * interval_ms;
    if (start_ms <= before_ms) start_ms = saturating_add(start_ms, interval_ms);
    end_ms = shape.end_ms.back();
    if (end_ms >= start_ms && saturating_sub(end_ms, start_ms) / interval_ms >= state.options.max_samples)
      return QueryState::too_many_samples();
  }
  auto inner = std::make_unique<Domain>(start_ms, end_ms, interval_ms);
  NIGHTLIGHT_ASSIGN(columns, open(*inner));
  return WindowStreamPtr(
      std::make_unique<Subquery>(state, domain, std::move(inner), std::move(columns), std::move(shape)));
}

}  // namespace nightlight::promql
