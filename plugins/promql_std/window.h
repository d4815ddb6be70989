// The samples of one window of one series.
#ifndef NIGHTLIGHT_PROMQL_STD_WINDOW_H_
#define NIGHTLIGHT_PROMQL_STD_WINDOW_H_

#include <algorithm>
#include <string_view>

#include "model/labels.h"
#include "promql_std/definition.h"
#include "promql_std/notes.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {

inline std::string_view metric_name(const Windows& windows) { return label_value(windows.labels, kMetricNameLabel); }

// Half-open ranges into the series' arrays.
struct Window {
  uint32_t begin, end;
  uint32_t histogram_begin, histogram_end;

  uint32_t floats() const { return end - begin; }
  uint32_t histograms() const { return histogram_end - histogram_begin; }
  bool empty() const { return begin == end && histogram_begin == histogram_end; }
  bool mixed() const { return begin < end && histogram_begin < histogram_end; }
};

inline Window window_at(const Windows& w, uint64_t step) {
  bool has_histograms = w.histogram_begin != nullptr;
  return Window{w.begin[step], w.end[step], has_histograms ? w.histogram_begin[step] : 0,
                has_histograms ? w.histogram_end[step] : 0};
}

// Where the samples that some window sees end.
inline uint32_t floats_end(const Windows& w, uint64_t steps) { return w.end[steps - 1]; }
inline uint32_t histograms_end(const Windows& w, uint64_t steps) {
  return w.histogram_end == nullptr ? 0 : w.histogram_end[steps - 1];
}

// For functions of floats: calls f(step, begin, end) for each window with at least `least` floats, noting when
// histograms of such a window are ignored (also of one with a single float, which is too few but not nothing).
template <class F>
Status each_float_window(const Scope& scope, const Windows& w, uint32_t series_argument, uint32_t least, F&& f) {
  constexpr uint64_t kAskEverySamples = uint64_t{1} << 20;
  uint64_t seen = 0;
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    Window window = window_at(w, step);
    if (window.floats() == 0) continue;
    seen += window.floats();
    if (seen >= kAskEverySamples) {
      if (scope.is_interrupted()) return Scope::interrupted();
      seen = 0;
    }
    if (window.histograms() > 0) scope.inform(notes::histograms_ignored(metric_name(w)), series_argument);
    if (window.floats() < least) continue;
    f(step, window.begin, window.end);
  }
  return kOkStatus;
}

// The histograms [0, end) of a series as FloatHistograms, converted on first use.
class HistogramCache {
 public:
  HistogramCache(Scope& scope, const Windows& w) : windows_(w), cache_(scope.scratch.histograms) {
    size_t end = histograms_end(w, scope.steps());
    if (cache_.size() < end) cache_.resize(end);
    known_.assign(end, false);
  }

  const FloatHistogram& operator[](uint32_t i) {
    if (!known_[i]) {
      cache_[i].assign(*windows_.histograms[i]);
      known_[i] = true;
    }
    return cache_[i];
  }

 private:
  const Windows& windows_;
  std::vector<FloatHistogram>& cache_;
  std::vector<bool> known_;
};

// Adds or subtracts on behalf of a function, with its annotations. False: the operands do not go together (warned
// about), or `status` is not ok because a layout is broken.
struct Combiner {
  const Scope& scope;
  std::string_view metric;
  Status status = kOkStatus;

  bool add(FloatHistogram& into, const FloatHistogram& other) { return done(into.add(other), "addition"); }
  bool subtract(FloatHistogram& from, const FloatHistogram& other) { return done(from.subtract(other), "subtraction"); }

 private:
  bool done(const Result<Reconciled>& result, std::string_view operation) {
    if (!result.ok()) {
      if (result.error().code == Code::kInvalidArgument) {
        scope.warn(notes::mixed_schemas(metric), 0);
      } else {
        status = scope.fail(Code::kFailedPrecondition, result.error().message);
      }
      return false;
    }
    if (result->custom_bounds) scope.inform(notes::bounds_reconciled(operation), 0);
    return true;
  }
};

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_WINDOW_H_
