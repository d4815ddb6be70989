// irate and idelta: from the last two samples of a window.
#include <optional>

#include "promql_std/start_time.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

struct LastSample {
  SampleTime time{};
  double value = 0;
  const Histogram* histogram = nullptr;
};

class Kernel {
 public:
  Kernel(Scope& scope, const Windows& w, bool rate) : scope_(scope), w_(w), rate_(rate) {}

  Status run(ColumnOut& out) {
    for (uint64_t step = 0; step < scope_.steps(); ++step) {
      Window window = window_at(w_, step);
      if (window.floats() + window.histograms() < 2) continue;
      LastSample newer = take_last(window);
      LastSample older = take_last(window);
      if ((newer.histogram == nullptr) != (older.histogram == nullptr)) {
        scope_.warn(notes::mixed_floats_histograms(metric_name(w_)), 0);
        continue;
      }
      int64_t interval_ms = newer.time.time_ms - older.time.time_ms;
      if (interval_ms == 0) continue;
      double seconds = static_cast<double>(interval_ms) / 1000;
      if (newer.histogram != nullptr) {
        if (Status status = histogram_step(older, newer, seconds, step, out); !status.ok()) return status;
        continue;
      }
      bool reset = rate_ && (newer.value < older.value || is_start_reset(older.time, newer.time));
      double result = reset ? newer.value : newer.value - older.value;
      emit(out, step, rate_ ? result / seconds : result);
    }
    return kOkStatus;
  }

 private:
  // The newest sample, taken off the window.
  LastSample take_last(Window& window) const {
    bool use_starts = scope_.has(kUseStartTimestamps);
    bool from_floats = window.floats() > 0 &&
                       (window.histograms() == 0 ||
                        w_.timestamps_ms[window.end - 1] > w_.histograms[window.histogram_end - 1]->timestamp_ms);
    if (from_floats) {
      uint32_t i = --window.end;
      int64_t start_ms = use_starts && w_.start_timestamps_ms != nullptr ? w_.start_timestamps_ms[i] : 0;
      return {{start_ms, w_.timestamps_ms[i]}, w_.values[i], nullptr};
    }
    const Histogram* h = w_.histograms[--window.histogram_end];
    return {{use_starts ? h->start_timestamp_ms : 0, h->timestamp_ms}, 0, h};
  }

  Status histogram_step(const LastSample& older, const LastSample& newer, double seconds, uint64_t step,
                        ColumnOut& out) {
    std::string_view metric = metric_name(w_);
    older_.assign(*older.histogram);
    newer_.assign(*newer.histogram);
    bool gauge_older = older_.reset_hint == ResetHint::kGauge, gauge_newer = newer_.reset_hint == ResetHint::kGauge;
    if (rate_ && (gauge_older || gauge_newer)) scope_.warn(notes::not_a_counter(metric), 0);
    if (!rate_ && !(gauge_older && gauge_newer)) scope_.warn(notes::not_a_gauge(metric), 0);
    bool reset = rate_ && (is_start_reset(older.time, newer.time) || newer_.detect_reset(older_));
    Combiner combiner{scope_, metric};
    if (!reset && !combiner.subtract(newer_, older_)) return combiner.status;
    newer_.reset_hint = ResetHint::kGauge;
    newer_.compact();
    if (rate_) newer_.divide(seconds);
    return emit(scope_, out, step, newer_) ? kOkStatus : Scope::out_of_memory();
  }

  Scope& scope_;
  const Windows& w_;
  bool rate_;
  FloatHistogram older_, newer_;
};

Status irate(Scope& scope, const Windows& w, ColumnOut& out) { return Kernel(scope, w, true).run(out); }
Status idelta(Scope& scope, const Windows& w, ColumnOut& out) { return Kernel(scope, w, false).run(out); }

constexpr Definition kFunctions[] = {
    window_function("irate", view_of(kMatrixOnly), irate, "The per-second increase between the last two samples."),
    window_function("idelta", view_of(kMatrixOnly), idelta, "The difference of the last two samples."),
};

}  // namespace

std::span<const Definition> instant_rate_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
