// The last operators of a query: what the user is shown.
#ifndef NIGHTLIGHT_PROMQL_EXEC_ANSWER_H_
#define NIGHTLIGHT_PROMQL_EXEC_ANSWER_H_

#include "promql/exec/evaluator.h"
#include "promql/query_result.h"

namespace nightlight::promql {

// Evaluates the whole expression. A range query's series come sorted by labels, a matrix' too.
Result<Answer> evaluate_answer(Evaluator& evaluator, const Expr& expr, Domain& domain, bool range);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_ANSWER_H_
