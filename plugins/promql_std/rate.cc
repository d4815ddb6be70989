// rate, increase and delta of floats.
//
// The increase is last - first, plus the value before each reset, in this order. Resets are found once per series: a
// window then costs its edges and the (few) resets inside, and still adds up the same numbers in the same order as if
// it had looked at every sample, so that the bits are Prometheus'.
#include "promql_std/rate.h"

#include <string>

#include "base/vector_clones.h"
#include "promql_std/extrapolate.h"
#include "promql_std/shared_extrapolation.h"

namespace nightlight::promql_std {

namespace {

const int64_t* start_times(const Scope& scope, const Windows& w) {
  return scope.has(kUseStartTimestamps) ? w.start_timestamps_ms : nullptr;
}

NIGHTLIGHT_VECTOR_CLONES bool falls_anywhere(const double* values, uint32_t begin, uint32_t end) {
  // With an index that cannot wrap around, for the compiler's sake.
  const double* from = values + begin;
  const size_t pairs = end > begin ? size_t{end} - begin - 1 : 0;
  uint64_t any = 0;
  for (size_t i = 0; i < pairs; ++i) any |= from[i + 1] < from[i] ? 1 : 0;
  return any != 0;
}

// The samples before which a counter was reset, and those whose start overlaps with the sample before; ascending.
void find_resets(const Windows& w, const int64_t* starts, uint32_t begin, uint32_t end, std::vector<uint32_t>& resets,
                 std::vector<uint32_t>& overlapping) {
  resets.clear();
  overlapping.clear();
  if (starts == nullptr && !falls_anywhere(w.values, begin, end)) return;
  for (uint32_t i = begin + 1; i < end; ++i) {
    bool reset = w.values[i] < w.values[i - 1];
    if (starts != nullptr) {
      SampleTime previous{starts[i - 1], w.timestamps_ms[i - 1]}, current{starts[i], w.timestamps_ms[i]};
      reset = reset || is_start_reset(previous, current);
      if (overlaps(previous, current)) overlapping.push_back(i);
    }
    if (reset) resets.push_back(i);
  }
}

// Walks ascending positions along with windows whose bounds never decrease.
class Follower {
 public:
  explicit Follower(const std::vector<uint32_t>& positions) : positions_(positions) {}

  // Those in (begin, end): changes from one sample of the window to the next.
  std::span<const uint32_t> inside(uint32_t begin, uint32_t end) {
    while (first_ < positions_.size() && positions_[first_] <= begin) ++first_;
    size_t last = first_;
    while (last < positions_.size() && positions_[last] < end) ++last;
    return {positions_.data() + first_, last - first_};
  }

 private:
  const std::vector<uint32_t>& positions_;
  size_t first_ = 0;
};

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Tells the user that rate() probably wants a counter, once per series with a float in the result.
void check_counter_name(const Scope& scope, const Windows& w, const ColumnOut& out) {
  std::string_view name = metric_name(w);
  if (name.empty()) return;
  uint64_t any = 0;
  for (uint64_t word = 0; word < valid_words(out.steps); ++word) any |= out.valid[word];
  if (any == 0) return;
  if (scope.has(kTypeAndUnitLabels)) {
    std::string_view type = label_value(w.labels, kMetricTypeLabel);
    if (type != "counter" && type != "histogram") scope.inform(notes::type_not_a_counter(name, type), 0);
    return;
  }
  for (std::string_view suffix : {"_total", "_sum", "_count", "_bucket"}) {
    if (ends_with(name, suffix)) return;
  }
  scope.inform(notes::maybe_not_a_counter(name), 0);
}

}  // namespace

Status float_rates(Scope& scope, const Windows& w, ColumnOut& out, RateKind kind) {
  const int64_t* starts = of_counter(kind) ? start_times(scope, w) : nullptr;
  std::vector<uint32_t>&resets = scope.scratch.indices, &overlapping = scope.scratch.counts;
  resets.clear();
  overlapping.clear();
  if (of_counter(kind)) find_resets(w, starts, w.begin[0], floats_end(w, scope.steps()), resets, overlapping);
  const double divisor = kind == RateKind::kRate ? range_seconds(w.range_ms) : 1;
  if (scope.scratch.rates == nullptr) scope.scratch.rates = std::make_shared<SharedExtrapolation>();
  const bool plain = resets.empty() && starts == nullptr && w.histogram_begin == nullptr;
  if (plain && scope.scratch.rates->has(scope, w, divisor, of_counter(kind))) {
    scope.scratch.rates->compute(w, out);
    return kOkStatus;
  }
  Follower follow_resets(resets), follow_overlaps(overlapping);
  Extrapolation windows;
  auto flush = [&] {
    windows.compute(divisor);
    for (size_t i = 0; i < windows.size(); ++i) emit(out, windows.step(i), windows.result(i));
    windows.clear();
  };
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.floats() == 0) continue;
    if (window.histograms() > 0) {
      scope.warn(notes::mixed_floats_histograms(metric_name(w)), 0);
      continue;
    }
    uint32_t first = window.begin, last = window.end - 1;
    double result = w.values[last] - w.values[first];
    for (uint32_t reset : follow_resets.inside(first, window.end)) result += w.values[reset - 1];
    if (!follow_overlaps.inside(first, window.end).empty()) {
      scope.warn_counted(notes::start_time_overlap(metric_name(w)), 0);
    }
    Extent extent{edges_of(w, step), w.timestamps_ms[first], w.timestamps_ms[last], window.floats(),
                  starts == nullptr ? 0 : starts[first]};
    double traced = of_counter(kind) ? w.values[first] : -1;
    if (extent.begins_inside()) {
      result += w.values[first];
      traced = -1;
    } else if (first == last) {
      continue;
    }
    windows.add(step, extent, traced, result);
    if (windows.full()) flush();
  }
  flush();
  return kOkStatus;
}

namespace {

template <RateKind kKind>
Status rates(Scope& scope, const Windows& w, ColumnOut& out) {
  bool plain = w.mode == RangeMode::kPlain;
  Status status = plain ? float_rates(scope, w, out, kKind) : extended_float_rates(scope, w, out, kKind);
  if (status.ok() && w.histogram_begin != nullptr) {
    status = plain ? histogram_rates(scope, w, out, kKind) : extended_histogram_rates(scope, w, out, kKind);
  }
  if (status.ok() && of_counter(kKind)) check_counter_name(scope, w, out);
  return status;
}

constexpr uint32_t kExtended = kAllowsAnchored | kAllowsSmoothed;

constexpr Definition kFunctions[] = {
    window_function("rate", view_of(kMatrixOnly), rates<RateKind::kRate>, "The per-second increase of a counter.",
                    kExtended),
    window_function("increase", view_of(kMatrixOnly), rates<RateKind::kIncrease>, "The increase of a counter.",
                    kExtended),
    window_function("delta", view_of(kMatrixOnly), rates<RateKind::kDelta>, "The difference of a gauge.", kExtended),
};

}  // namespace

std::span<const Definition> rate_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
