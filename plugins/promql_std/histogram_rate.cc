// rate, increase and delta of native histograms.
//
// As for floats, resets between neighbours are found once per series; a window costs a subtraction and an addition per
// reset.
#include "promql_std/extrapolate.h"
#include "promql_std/rate.h"

namespace nightlight::promql_std {
namespace {

// One series of histograms with what its windows ask for again and again.
class Series {
 public:
  Series(Scope& scope, const Windows& w, RateKind kind)
      : scope_(scope), w_(w), kind_(kind), cache_(scope, w), resets_(scope.scratch.counts) {
    resets_.assign(histograms_end(w, scope.steps()), kUnknownYet);
  }

  // The rate in a window of two or more histograms before extrapolation; nothing when they do not go together.
  // `combiner` has the status.
  std::optional<FloatHistogram> difference(uint32_t begin, uint32_t end, Combiner& combiner) {
    bool counter = of_counter(kind_);
    const FloatHistogram &first = cache_[begin], &last = cache_[end - 1];
    // After a reset between the first two, the first does not matter, not even its layout.
    bool forget_first = counter && is_reset(begin + 1);
    FloatHistogram empty;
    if (forget_first) {
      empty.schema = cache_[begin + 1].schema;
      empty.custom_values = cache_[begin + 1].custom_values;
    }
    const FloatHistogram& base = forget_first ? empty : first;
    bool custom = base.has_custom_buckets();
    bool gauge = first.reset_hint == ResetHint::kGauge || last.reset_hint == ResetHint::kGauge;
    if (last.has_custom_buckets() != custom) {
      if (counter && gauge) scope_.warn(notes::not_a_counter(combiner.metric), 0);
      scope_.warn(notes::mixed_schemas(combiner.metric), 0);
      return std::nullopt;
    }
    int32_t schema = std::min(last.schema, base.schema);
    for (uint32_t i = begin + 1; counter && i + 1 < end; ++i) {
      const FloatHistogram& h = cache_[i];
      if (h.has_custom_buckets() != custom) {
        scope_.warn(notes::mixed_schemas(combiner.metric), 0);
        return std::nullopt;
      }
      gauge = gauge || h.reset_hint == ResetHint::kGauge;
      schema = std::min(schema, h.schema);
    }
    if (counter && gauge) scope_.warn(notes::not_a_counter(combiner.metric), 0);
    FloatHistogram result = last;
    if (std::string error = result.layout_error(); !error.empty()) {
      combiner.status = scope_.fail(Code::kFailedPrecondition, error);
      return std::nullopt;
    }
    if (schema != result.schema) result.reduce_resolution(schema);
    if (!combiner.subtract(result, base)) return std::nullopt;
    if (counter && !add_resets(result, forget_first ? begin + 1 : begin, end, combiner)) return std::nullopt;
    if (!counter && (first.reset_hint != ResetHint::kGauge || last.reset_hint != ResetHint::kGauge)) {
      scope_.warn(notes::not_a_gauge(combiner.metric), 0);
    }
    result.reset_hint = ResetHint::kGauge;
    result.compact();
    return result;
  }

  const FloatHistogram& at(uint32_t i) { return cache_[i]; }
  int64_t start_ms(uint32_t i) const {
    return of_counter(kind_) && scope_.has(kUseStartTimestamps) ? w_.histograms[i]->start_timestamp_ms : 0;
  }
  int64_t time_ms(uint32_t i) const { return w_.histograms[i]->timestamp_ms; }

  bool has_overlap(uint32_t begin, uint32_t end) const {
    for (uint32_t i = begin + 1; i < end; ++i) {
      if (overlaps({start_ms(i - 1), time_ms(i - 1)}, {start_ms(i), time_ms(i)})) return true;
    }
    return false;
  }

 private:
  static constexpr uint32_t kUnknownYet = 2;

  // Between histogram i - 1 and i.
  bool is_reset(uint32_t i) {
    if (resets_[i] == kUnknownYet) {
      bool reset = is_start_reset({start_ms(i - 1), time_ms(i - 1)}, {start_ms(i), time_ms(i)}) ||
                   cache_[i].detect_reset(cache_[i - 1]);
      resets_[i] = reset ? 1 : 0;
    }
    return resets_[i] == 1;
  }

  bool add_resets(FloatHistogram& result, uint32_t begin, uint32_t end, Combiner& combiner) {
    for (uint32_t i = begin + 1; i < end; ++i) {
      if (is_reset(i) && !combiner.add(result, cache_[i - 1])) return false;
    }
    return true;
  }

  Scope& scope_;
  const Windows& w_;
  RateKind kind_;
  HistogramCache cache_;
  std::vector<uint32_t>& resets_;
};

}  // namespace

Status histogram_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind) {
  Series series(scope, w, kind);
  double divisor = range_seconds(w.range_ms);
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.histograms() == 0 || window.floats() > 0) continue;  // Mixed windows were warned of with the floats.
    uint32_t first = window.histogram_begin, last = window.histogram_end - 1;
    Combiner combiner{scope, metric_name(w)};
    Extent extent{edges_of(w, step), series.time_ms(first), series.time_ms(last), window.histograms(),
                  series.start_ms(first)};
    if (first == last && !extent.begins_inside()) continue;
    std::optional<FloatHistogram> result;
    if (first < last) {
      if (of_counter(kind) && scope.has(kUseStartTimestamps) && series.has_overlap(first, last + 1)) {
        scope.warn_counted(notes::start_time_overlap(metric_name(w)), 0);
      }
      result = series.difference(first, last + 1, combiner);
      if (!combiner.status.ok()) return combiner.status;
      if (!result) continue;
    }
    double traced = kNotTraced;
    if (extent.begins_inside()) {
      if (!result) {
        result = series.at(first);
      } else if (!combiner.add(*result, series.at(first))) {
        if (!combiner.status.ok()) return combiner.status;
        continue;
      }
    } else if (of_counter(kind) && result->count > 0 && series.at(first).count >= 0) {
      traced = series.at(first).count / result->count;
    }
    double factor = extrapolation_factor(spans_of(extent), traced);
    if (kind == RateKind::kRate) factor /= divisor;
    result->multiply(factor);
    if (!emit(scope, out, step, *result)) return Scope::out_of_memory();
  }
  return kOkStatus;
}

}  // namespace nightlight::promql_std
