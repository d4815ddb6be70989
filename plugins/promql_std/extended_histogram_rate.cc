// `anchored` and `smoothed` rates of native histograms.
#include "promql_std/rate.h"

namespace nightlight::promql_std {
namespace {

class ExtendedWindow {
 public:
  ExtendedWindow(Scope& scope, HistogramCache& cache, const Windows& w, uint64_t step, bool counter)
      : scope_(scope),
        cache_(cache),
        w_(w),
        edges_(edges_of(w, step)),
        smoothed_(w.mode == RangeMode::kSmoothed),
        counter_(counter) {
    begin_ = w.histogram_begin[step];
    last_ = w.histogram_end[step] - 1;
    auto before = [](const Histogram* h, int64_t time_ms) { return h->timestamp_ms < time_ms; };
    auto after = [](int64_t time_ms, const Histogram* h) { return time_ms < h->timestamp_ms; };
    auto inside = std::upper_bound(w.histograms + begin_, w.histograms + last_, edges_.start_ms, after);
    first_ = std::max<int64_t>(begin_, inside - w.histograms - 1);
    if (smoothed_)
      last_ = std::lower_bound(w.histograms + begin_, w.histograms + last_, edges_.end_ms, before) - w.histograms;
  }

  // The difference over the window; nothing when there is none, or `combiner` has told why.
  std::optional<FloatHistogram> difference(Combiner& combiner) {
    if (time(last_) <= edges_.start_ms || (smoothed_ && time(first_) > edges_.end_ms)) return std::nullopt;
    if (!same_kind(combiner.metric)) return std::nullopt;
    auto left =
        edge(first_, first_ + 1, edges_.start_ms, smoothed_ && time(first_) < edges_.start_ms, first_, combiner);
    if (!left) return std::nullopt;
    bool right_between = smoothed_ && last_ > begin_ && time(last_) > edges_.end_ms;
    auto right = edge(last_ - 1, last_, edges_.end_ms, right_between, last_, combiner);
    if (!right) return std::nullopt;
    if (!counter_ && (left->reset_hint != ResetHint::kGauge || right->reset_hint != ResetHint::kGauge)) {
      scope_.warn(notes::not_a_gauge(combiner.metric), 0);
    }
    FloatHistogram result = *right;
    if (!combiner.subtract(result, *left)) return std::nullopt;
    if (counter_) {
      std::optional<FloatHistogram> correction;
      if (!correct(*left, *right, correction, combiner)) return std::nullopt;
      if (correction && !combiner.add(result, *correction)) return std::nullopt;
    }
    return result;
  }

 private:
  int64_t time(int64_t i) const { return w_.histograms[i]->timestamp_ms; }
  const FloatHistogram& at(int64_t i) { return cache_[static_cast<uint32_t>(i)]; }

  bool same_kind(std::string_view metric) {
    bool custom = at(first_).has_custom_buckets();
    for (int64_t i = first_; i <= last_; ++i) {
      if (at(i).has_custom_buckets() != custom) {
        scope_.warn(notes::mixed_schemas(metric), 0);
        return false;
      }
      if (counter_ && at(i).reset_hint == ResetHint::kGauge) scope_.warn(notes::not_a_counter(metric), 0);
    }
    return true;
  }

  // The histogram at an edge: between i and j, or that of `k`.
  std::optional<FloatHistogram> edge(int64_t i, int64_t j, int64_t edge_ms, bool between, int64_t k,
                                     Combiner& combiner) {
    if (!between) return at(k);
    if (edge_ms == time(i)) return at(i);
    if (edge_ms == time(j)) return at(j);
    double fraction = static_cast<double>(edge_ms - time(i)) / static_cast<double>(time(j) - time(i));
    FloatHistogram result = at(j);
    if (counter_ && at(j).detect_reset(at(i))) {
      result.multiply(fraction);  // It rose from nothing.
      return result;
    }
    if (!combiner.subtract(result, at(i))) return std::nullopt;
    result.multiply(fraction);
    if (!combiner.add(result, at(i))) return std::nullopt;
    return result;
  }

  // Sums up what was there before each reset.
  bool correct(const FloatHistogram& left, const FloatHistogram& right, std::optional<FloatHistogram>& sum,
               Combiner& combiner) {
    int64_t next = first_ + 1;
    const FloatHistogram* previous = &left;
    if (smoothed_ && time(first_) < edges_.start_ms && at(first_ + 1).detect_reset(at(first_))) {
      previous = &at(next++);  // The interpolation at the left edge has accounted for this reset.
    }
    // The last one is represented by `right`, which may carry its hint: comparing both would find a reset twice.
    if (next > last_) return true;
    auto step_to = [&](const FloatHistogram& h) {
      bool fine = true;
      if (h.detect_reset(*previous)) {
        if (sum) {
          fine = combiner.add(*sum, *previous);
        } else {
          sum = *previous;
        }
      }
      previous = &h;
      return fine;
    };
    for (; next < last_; ++next) {
      if (!step_to(at(next))) return false;
    }
    return step_to(right);
  }

  Scope& scope_;
  HistogramCache& cache_;
  const Windows& w_;
  Edges edges_;
  bool smoothed_, counter_;
  int64_t begin_ = 0, first_ = 0, last_ = 0;
};

}  // namespace

Status extended_histogram_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind) {
  HistogramCache cache(scope, w);
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.histograms() == 0 || window.floats() > 0) continue;
    Combiner combiner{scope, metric_name(w)};
    std::optional<FloatHistogram> result = ExtendedWindow(scope, cache, w, step, of_counter(kind)).difference(combiner);
    if (!combiner.status.ok()) return combiner.status;
    if (!result) continue;
    if (kind == RateKind::kRate) result->divide(range_seconds(w.range_ms));
    result->reset_hint = ResetHint::kGauge;
    result->compact();
    if (!emit(scope, out, step, *result)) return Scope::out_of_memory();
  }
  return kOkStatus;
}

}  // namespace nightlight::promql_std
