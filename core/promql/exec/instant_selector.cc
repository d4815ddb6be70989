#include "promql/exec/instant_selector.h"

#include <algorithm>
#include <cstring>

#include "promql/exec/column_room.h"
#include "promql/exec/statistics_only.h"

namespace nightlight::promql {
namespace {

bool is_stale_marker(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits == kStaleNaNBits;
}

class InstantSelector final : public VectorStream {
 public:
  InstantSelector(QueryState& state, Domain& domain, Selection selection, std::vector<int64_t> reference_ms,
                  int64_t lookback_ms, bool statistics_only, bool with_times, Keep keep)
      : state_(state),
        domain_(domain),
        selection_(std::move(selection)),
        reference_ms_(std::move(reference_ms)),
        lookback_ms_(lookback_ms),
        statistics_only_(statistics_only),
        with_times_(with_times),
        room_(state, domain, keep) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(series, selection_.next());
      if (series == nullptr) return nullptr;
      const SeriesSamples& samples = *series->samples;
      ColumnFill fill = room_.fresh(series->labels, 0, !samples.histograms.empty());
      if (!fill || (with_times_ && !add_times(fill))) return state_.out_of_memory();
      NIGHTLIGHT_ASSIGN(any, fill_in(samples, fill));
      if (any) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return selection_.distinct_without_name(); }

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
      const int64_t at_ms = reference_ms_[step];
      const int64_t after_ms = saturating_sub(at_ms, lookback_ms_);
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
    if (with_times_) {
      sample_times_[step] = samples.timestamps_ms[i];
      start_times_[step] = samples.start_timestamps_ms.empty() ? 0 : samples.start_timestamps_ms[i];
    }
    return true;
  }

  Result<bool> take_histogram(const SeriesSamples& samples, uint64_t i, uint64_t step, const ColumnFill& fill) {
    const Histogram& sample = *samples.histograms[i];
    if (is_stale(sample)) return false;
    histogram_.assign(sample);
    if (statistics_only_) keep_statistics(histogram_, samples.histograms, i);
    fill.histograms[step] = room_.store(histogram_, step);
    if (fill.histograms[step] == nullptr) return state_.out_of_memory();
    count(step, size_in_samples(*fill.histograms[step]));
    if (with_times_) {
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
  const std::vector<int64_t> reference_ms_;
  const int64_t lookback_ms_;
  const bool statistics_only_, with_times_;
  ColumnRoom room_;
  FloatHistogram histogram_;
  int64_t* sample_times_ = nullptr;
  int64_t* start_times_ = nullptr;
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
  return VectorStreamPtr(std::make_unique<InstantSelector>(state, domain, std::move(selection), std::move(reference_ms),
                                                           lookback_ms, hints.statistics_only, with_times, keep));
}

}  // namespace nightlight::promql
