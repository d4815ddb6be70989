// The evaluation times ("steps") of one part of a query: those of the user's range, of a subquery's inner expression,
// or a single one.
#ifndef NIGHTLIGHT_PROMQL_EXEC_DOMAIN_H_
#define NIGHTLIGHT_PROMQL_EXEC_DOMAIN_H_

#include <cstdint>
#include <vector>

#include "promql/ast.h"
#include "promql/exec/query_state.h"

namespace nightlight::promql {

struct Domain {
  // start, start + interval, ... not beyond end. Nothing when end < start.
  Domain(int64_t start_ms, int64_t end_ms, int64_t interval_ms);

  uint64_t steps() const { return times_ms.size(); }
  uint64_t words() const { return (times_ms.size() + 63) / 64; }
  bool single() const { return times_ms.size() == 1; }
  // One instant, and not a range that happens to have one step.
  bool instant() const { return instant_; }

  std::vector<int64_t> times_ms;
  int64_t interval_ms;
  // Samples that a step's evaluation looked at, and that were read for it and for none before it.
  std::vector<int64_t> queryable_samples, read_samples;

 private:
  bool instant_;
};

// For each step of the domain, the time at which a selector with this shift looks.
std::vector<int64_t> reference_times(const QueryState& state, const Domain& domain, const TimeShift& shift);

// a - b and a + b, at the ends of what there is instead of beyond.
int64_t saturating_sub(int64_t a, int64_t b);
int64_t saturating_add(int64_t a, int64_t b);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_DOMAIN_H_
