#include "promql/exec/instant_selector.h"

#include <algorithm>

#include "promql/exec/column_room.h"
#include "promql/exec/parallel_stream.h"
#include "promql/exec/stale_marker.h"
#include "promql/exec/statistics_only.h"

namespace nightlight::promql {
namespace {

// How an instant selector looks.
struct Look {
  std::vector<int64_t> reference_ms;  // For each step.
  int64_t lookback_ms;
  bool statistics_only, with_times;
};

// Which sample each step takes, for all series with the same timestamps.
class Picks {
 public:
  // Calls with the same `batch` and `timestamps_id` have the same timestamps.
  void find(const Look& look, View<int64_t> timestamps_ms, uint64_t batch, uint64_t timestamps_id, Domain& domain) {
    if (timestamps_id == id_ && batch == batch_) return;
    finish_counting(domain);
    id_ = timestamps_id;
    batch_ = batch;
    samples_.assign(domain.steps(), 0);
    valid_.assign(domain.words(), 0);
    uint64_t picked = 0;
    in_step_ = true;
    uint64_t later = 0;  // The first sample after the step's reference.
    for (uint64_t step = 0; step < domain.steps(); ++step) {
      const int64_t at_ms = look.reference_ms[step];
      while (later < timestamps_ms.size && timestamps_ms[later] <= at_ms) ++later;
      if (later == 0 || timestamps_ms[later - 1] <= saturating_sub(at_ms, look.lookback_ms)) continue;
      samples_[step] = static_cast<uint32_t>(later - 1);
      in_step_ = in_step_ && samples_[step] == samples_[0] + step;
      set_bit(valid_.data(), step);
      ++picked;
    }
    in_step_ = in_step_ && picked == domain.steps();
    any_ = picked > 0;
  }
  bool any() const { return any_; }

  // The column of a series without markers of staleness.
  void take(const double* values, const ColumnFill& fill, Domain& domain) {
    ++uncounted_;
    std::copy(valid_.begin(), valid_.end(), fill.valid);
    if (in_step_) {
      std::copy_n(values + samples_[0], domain.steps(), fill.values);
      return;
    }
    for (uint64_t step = 0; step < domain.steps(); ++step) fill.values[step] = takes(step) ? values[samples_[step]] : 0;
  }
  // What take has read counts in the domain only after this.
  void finish_counting(Domain& domain) {
    for (uint64_t step = 0; uncounted_ > 0 && step < domain.steps(); ++step) {
      if (!takes(step)) continue;
      domain.queryable_samples[step] += uncounted_;
      domain.read_samples[step] += uncounted_;
    }
    uncounted_ = 0;
  }

 private:
  bool takes(uint64_t step) const { return bit_at(valid_.data(), step); }

  uint64_t batch_ = 0, id_ = 0;
  std::vector<uint32_t> samples_;  // By step.
  std::vector<uint64_t> valid_;
  bool any_ = false;
  bool in_step_ = false;   // Every step takes the sample behind that of the step before it.
  int64_t uncounted_ = 0;  // So many series have been taken.
};

class InstantSelector final : public VectorStream {
 public:
  InstantSelector(QueryState& state, Domain& domain, Selection selection, Look look, Keep keep)
      : state_(state),
        domain_(domain),
        selection_(std::move(selection)),
        look_(std::move(look)),
        room_(state, domain, keep) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(series, selection_.next());
      if (series == nullptr) {
        picks_.finish_counting(domain_);
        return nullptr;
      }
      const SeriesSamples& samples = *series->samples;
      const bool plain = samples.timestamps_id != 0 && samples.histograms.empty() && !look_.with_times &&
                         !has_stale_marker(samples.values.data, samples.values.size);
      if (plain) {
        picks_.find(look_, samples.timestamps_ms, series->batch, samples.timestamps_id, domain_);
        if (!picks_.any()) continue;
      }
      ColumnFill fill = room_.fresh(series->labels, 0, !samples.histograms.empty());
      if (!fill || (look_.with_times && !add_times(fill))) return state_.out_of_memory();
      if (plain) {
        picks_.take(samples.values.data, fill, domain_);
        return room_.finish(fill);
      }
      NIGHTLIGHT_ASSIGN(any, fill_in(samples, fill));
      if (any) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return selection_.distinct_without_name(); }
  Result<void> move_to(uint64_t first, uint64_t count) override { return selection_.move_to(first, count); }

 private:
  bool add_times(const ColumnFill& fill) {
    sample_times_ = allocate_zeroed<int64_t>(room_.arena(), domain_.steps());
    start_times_ = allocate_zeroed<int64_t>(room_.arena(), domain_.steps());
    fill.column->sample_timestamps_ms = sample_times_;
    fill.column->start_timestamps_ms = start_times_;
    return sample_times_ != nullptr && start_times_ != nullptr;
  }

  // Reference times and samples both ascend, so each is passed once.
  Result<bool> fill_in(const SeriesSamples& samples, const ColumnFill& fill) {
    bool any = false;
    uint64_t floats = 0, histograms = 0;  // So many are not later than the step's reference.
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      const int64_t at_ms = look_.reference_ms[step];
      const int64_t after_ms = saturating_sub(at_ms, look_.lookback_ms);
      while (floats < samples.timestamps_ms.size && samples.timestamps_ms[floats] <= at_ms) ++floats;
      while (histograms < samples.histograms.size && samples.histograms[histograms]->timestamp_ms <= at_ms)
        ++histograms;
      bool has_newest_float = floats > 0 && samples.timestamps_ms[floats - 1] > after_ms;
      bool has_newest_histogram = histograms > 0 && samples.histograms[histograms - 1]->timestamp_ms > after_ms;
      if (has_newest_float && has_newest_histogram) {
        bool histogram_later = samples.histograms[histograms - 1]->timestamp_ms > samples.timestamps_ms[floats - 1];
        (histogram_later ? has_newest_float : has_newest_histogram) = false;
      }
      if (has_newest_float) {
        any |= take_float(samples, floats - 1, step, fill);
      } else if (has_newest_histogram) {
        NIGHTLIGHT_ASSIGN(taken, take_histogram(samples, histograms - 1, step, fill));
        any |= taken;
      }
    }
    return any;
  }

  bool take_float(const SeriesSamples& samples, uint64_t i, uint64_t step, const ColumnFill& fill) {
    if (is_stale_marker(samples.values[i])) return false;
    fill.set(step, samples.values[i]);
    count(step, 1);
    if (look_.with_times) {
      sample_times_[step] = samples.timestamps_ms[i];
      start_times_[step] = samples.start_timestamps_ms.empty() ? 0 : samples.start_timestamps_ms[i];
    }
    return true;
  }

  Result<bool> take_histogram(const SeriesSamples& samples, uint64_t i, uint64_t step, const ColumnFill& fill) {
    const Histogram& sample = *samples.histograms[i];
    if (is_stale(sample)) return false;
    histogram_.assign(sample);
    if (look_.statistics_only) keep_statistics(histogram_, samples.histograms, i);
    fill.histograms[step] = room_.store(histogram_, step);
    if (fill.histograms[step] == nullptr) return state_.out_of_memory();
    count(step, size_in_samples(*fill.histograms[step]));
    if (look_.with_times) {
      sample_times_[step] = sample.timestamp_ms;
      start_times_[step] = sample.start_timestamp_ms;
    }
    return true;
  }

  void count(uint64_t step, int64_t samples) {
    domain_.queryable_samples[step] += samples;
    domain_.read_samples[step] += samples;
  }

  QueryState& state_;
  Domain& domain_;
  Selection selection_;
  const Look look_;
  Picks picks_;
  ColumnRoom room_;
  FloatHistogram histogram_;
  int64_t* sample_times_ = nullptr;
  int64_t* start_times_ = nullptr;
};

// An InstantSelector by parts.
class DivisibleSelector final : public Divisible {
 public:
  DivisibleSelector(Selection selection, Look look) : selection_(std::move(selection)), look_(std::move(look)) {}

  uint64_t size() const override { return selection_.size(); }
  bool distinct_without_name() const override { return selection_.distinct_without_name(); }
  Result<VectorStreamPtr> part(QueryState& state, Domain& domain, Keep keep) const override {
    return VectorStreamPtr(std::make_unique<InstantSelector>(state, domain, selection_.part(state), look_, keep));
  }

 private:
  const Selection selection_;
  const Look look_;
};

}  // namespace

Result<VectorStreamPtr> open_instant_selector(QueryState& state, Domain& domain, const VectorSelector& selector,
                                              const SelectionHints& hints, bool with_times, Keep keep) {
  std::vector<int64_t> reference_ms = reference_times(state, domain, selector.shift);
  int64_t lookback_ms = state.options.lookback_ms;
  if (with_times && selector.shift.pinned()) {
    // Prometheus reads what the offset asks for but then looks at the pinned time, as if there was no offset: a sample
    // must be recent enough for both.
    const int64_t offset_ms = selector.shift.offset_ms;
    if (offset_ms < 0) {
      for (int64_t& at_ms : reference_ms) at_ms = saturating_add(at_ms, offset_ms);
    }
    lookback_ms = saturating_sub(lookback_ms, offset_ms < 0 ? saturating_sub(0, offset_ms) : offset_ms);
  }
  int64_t first_ms = reference_ms.empty() ? 0 : reference_ms.front();
  int64_t last_ms = reference_ms.empty() ? -1 : reference_ms.back();
  int64_t start_ms = saturating_add(saturating_sub(first_ms, lookback_ms), 1);
  NIGHTLIGHT_ASSIGN(selection, Selection::open(state, selector.matchers, start_ms, last_ms, hints));
  Look look{std::move(reference_ms), lookback_ms, hints.statistics_only, with_times};
  if (is_worth_dividing(state, selection.size()))
    return divide(state, domain, std::make_unique<DivisibleSelector>(std::move(selection), std::move(look)), keep);
  return VectorStreamPtr(std::make_unique<InstantSelector>(state, domain, std::move(selection), std::move(look), keep));
}

}  // namespace nightlight::promql
