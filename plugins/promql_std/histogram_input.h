// The vector argument of histogram_quantile and its like: classic histograms, whose buckets are series of their own,
// and native ones.
#ifndef NIGHTLIGHT_PROMQL_STD_HISTOGRAM_INPUT_H_
#define NIGHTLIGHT_PROMQL_STD_HISTOGRAM_INPUT_H_

#include <map>
#include <vector>

#include "promql_std/classic_quantile.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {

class HistogramInput {
 public:
  // A classic histogram: the series that differ in `le` only.
  struct Classic {
    std::vector<LabelPair> labels;  // Without le.
    struct Series {
      double upper;
      const Column* column;
    };
    std::vector<Series> series;  // Ascending by bound.
  };

  // Sorts out the argument, warning of series whose `le` is no number.
  HistogramInput(const Scope& scope, uint32_t argument);

  const std::vector<Classic>& classic() const { return classic_; }
  const std::vector<const Column*>& native() const { return native_; }

  // The buckets of a classic histogram at a step; none when it has no sample, or a native histogram with its labels has
  // one too (of which a warning tells).
  void buckets_at(const Classic& histogram, uint64_t step, std::vector<ClassicBucket>& out) const;
  // The native histogram of a column at a step, or null, in the same way.
  const Histogram* native_at(const Column& column, uint64_t step) const;

  // The metric's name as messages may show it: only as long as results still carry it.
  std::string_view known_name(View<LabelPair> labels) const;
  uint32_t argument() const { return argument_; }

 private:
  bool has_buckets(const Classic& histogram, uint64_t step) const;

  const Scope& scope_;
  uint32_t argument_;
  std::vector<Classic> classic_;
  std::vector<const Column*> native_;
  std::map<const Classic*, const Column*> native_twin_;  // With the same labels.
  std::map<const Column*, const Classic*> classic_twin_;
};

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_HISTOGRAM_INPUT_H_
