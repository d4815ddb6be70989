// Extrapolation of series that have their timestamps in common, as those of one scrape have: most of it is the same for
// all of them.
#ifndef NIGHTLIGHT_PROMQL_STD_SHARED_EXTRAPOLATION_H_
#define NIGHTLIGHT_PROMQL_STD_SHARED_EXTRAPOLATION_H_

#include <cstdint>
#include <vector>

#include "promql_std/extrapolate.h"

namespace nightlight::promql_std {

// What does not depend on the values, computed once.
class SharedExtrapolation {
 public:
  // Whether this is for these windows: the second time that it is asked about them in a row. `divisor` and what is
  // `of_counter` are the same in all calls.
  bool has(const Scope& scope, const Windows& w, double divisor, bool of_counter);
  // A series without resets, start timestamps or histograms.
  void compute(const Windows& w, ColumnOut& out);

 private:
  void prepare(const Scope& scope, const Windows& w, double divisor, bool of_counter);

  uint64_t asked_id_ = 0, prepared_id_ = 0;
  double divisor_ = 1;
  size_t steps_ = 0;
  // By step; windows with less than two samples have first == last and a factor of 0.
  std::vector<uint32_t> first_, last_;
  std::vector<double> factor_;  // Of the increase, if it need not be traced to its zero, ...
  std::vector<double> bound_;   // ... which is when it is less than the first value by this factor or more.
  std::vector<Spans> spans_;
  std::vector<uint64_t> valid_;
  std::vector<uint8_t> in_step_;  // By four steps: whether their windows begin, and end, one sample after the other.
};

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_SHARED_EXTRAPOLATION_H_
