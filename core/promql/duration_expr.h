// The values of duration expressions, which depend on the query's times.
#ifndef NIGHTLIGHT_PROMQL_DURATION_EXPR_H_
#define NIGHTLIGHT_PROMQL_DURATION_EXPR_H_

#include "base/result.h"
#include "promql/ast.h"

namespace nightlight::promql {

// What step() and range() are: the query's step and end - start; both 0 for an instant query.
struct DurationScope {
  int64_t step_ms = 0;
  int64_t range_ms = 0;
};

// Sets range_ms, step_ms and offset_ms of every node below `expr` that has an expression for them. The expressions
// stay, so that the tree prints as it was written. kInvalidArgument with Prometheus' text.
Result<void> resolve_durations(Expr& expr, const DurationScope& scope);

// Whole milliseconds by way of nanoseconds, as Prometheus converts: 1.001 s are 1001 ms, 0.0019 s are 1 ms. `seconds`
// must be within int64 nanoseconds.
int64_t duration_to_ms(double seconds);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_DURATION_EXPR_H_
