// The time at which info() looks its metrics up: that of the selectors inside its first argument, if they agree.
#ifndef NIGHTLIGHT_PROMQL_PLAN_INFO_REFERENCE_H_
#define NIGHTLIGHT_PROMQL_PLAN_INFO_REFERENCE_H_

#include <memory>

#include "promql/ast.h"

namespace nightlight::promql {

// The shift that every part of `expr` that yields a vector looks with; null when they differ or when one has no
// selector. Only equal values count: the bounds of `@ start()` and `@ end()` must have been resolved
// (resolve_at_bounds).
std::unique_ptr<TimeShift> info_reference(const Expr& expr);

// Replaces `@ start()` and `@ end()` by the query's times.
void resolve_at_bounds(Expr& expr, int64_t start_ms, int64_t end_ms);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_PLAN_INFO_REFERENCE_H_
