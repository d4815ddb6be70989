// Which parts of an expression have the same value at every step, so that they need evaluating once: everything below
// `@`, and what is computed of nothing else.
#ifndef NIGHTLIGHT_PROMQL_PLAN_STEP_INVARIANT_H_
#define NIGHTLIGHT_PROMQL_PLAN_STEP_INVARIANT_H_

#include <unordered_set>

#include "promql/ast.h"

namespace nightlight::promql {

// The largest such parts. Range selectors and literals are not among them: they cost nothing to repeat.
std::unordered_set<const Expr*> step_invariant_parts(const Expr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_PLAN_STEP_INVARIANT_H_
