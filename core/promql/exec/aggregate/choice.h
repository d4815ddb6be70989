// topk, bottomk, limitk and limit_ratio: series of the input, where they are chosen.
#ifndef NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_CHOICE_H_
#define NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_CHOICE_H_

#include "promql/exec/evaluator.h"

namespace nightlight::promql {

// `parameter` has one value per step, checked to be a number that fits.
Result<VectorStreamPtr> open_choice(QueryState& state, Domain& domain, const AggregationExpr& expr,
                                    const double* parameter, VectorStreamPtr input);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_CHOICE_H_
