// changes and resets: how often something happens between one sample and the next. Both are differences of running
// counts, so a window costs nothing more than its edges.
#include <cmath>

#include "promql_std/merged.h"
#include "promql_std/start_time.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

class Neighbours {
 public:
  Neighbours(Scope& scope, const Windows& w) : w_(w), cache_(scope, w), use_starts_(scope.has(kUseStartTimestamps)) {}

  bool changed(const MergedSample& a, const MergedSample& b) {
    if (a.is_histogram != b.is_histogram) return true;
    if (b.is_histogram) return !cache_[b.index].equals(cache_[a.index]);
    double x = w_.values[a.index], y = w_.values[b.index];
    return x != y && !(std::isnan(x) && std::isnan(y));
  }

  bool reset(const MergedSample& a, const MergedSample& b) {
    if (a.is_histogram != b.is_histogram) return true;
    if (is_start_reset({start_ms(a), a.time_ms}, {start_ms(b), b.time_ms})) return true;
    return b.is_histogram ? cache_[b.index].detect_reset(cache_[a.index]) : w_.values[b.index] < w_.values[a.index];
  }

 private:
  int64_t start_ms(const MergedSample& s) const {
    if (!use_starts_) return 0;
    if (s.is_histogram) return w_.histograms[s.index]->start_timestamp_ms;
    return w_.start_timestamps_ms == nullptr ? 0 : w_.start_timestamps_ms[s.index];
  }

  const Windows& w_;
  HistogramCache cache_;
  bool use_starts_;
};

template <bool (Neighbours::*kHappens)(const MergedSample&, const MergedSample&)>
Status count(Scope& scope, const Windows& w, ColumnOut& out) {
  std::vector<MergedSample> samples = merge_samples(w, scope.steps());
  Neighbours neighbours(scope, w);
  // Events up to and including sample i.
  std::vector<uint32_t>& events = scope.scratch.counts;
  events.assign(samples.size(), 0);
  Window first_window = window_at(w, 0);
  for (size_t i = first_window.begin + first_window.histogram_begin + 1; i < samples.size(); ++i) {
    events[i] = events[i - 1] + ((neighbours.*kHappens)(samples[i - 1], samples[i]) ? 1 : 0);
  }
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.empty()) continue;
    uint32_t begin = window.begin + window.histogram_begin, end = window.end + window.histogram_end;
    if (w.mode == RangeMode::kAnchored) {
      // From the newest sample at or before the start; without one behind it there is nothing to compare.
      int64_t start_ms = w.end_ms[step] - w.range_ms;
      if (samples[end - 1].time_ms <= start_ms) continue;
      while (begin + 1 < end && samples[begin + 1].time_ms <= start_ms) ++begin;
    }
    emit(out, step, events[end - 1] - events[begin]);
  }
  return kOkStatus;
}

constexpr Definition kFunctions[] = {
    window_function("changes", view_of(kMatrixOnly), count<&Neighbours::changed>, "How often the value changed.",
                    kAllowsAnchored),
    window_function("resets", view_of(kMatrixOnly), count<&Neighbours::reset>, "How often a counter was reset.",
                    kAllowsAnchored),
};

}  // namespace

std::span<const Definition> change_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
