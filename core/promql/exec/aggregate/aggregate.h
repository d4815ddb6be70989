// Aggregations: many series into one per group, or a choice of them.
#ifndef NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_AGGREGATE_H_
#define NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_AGGREGATE_H_

#include "promql/exec/evaluator.h"

namespace nightlight::promql {

// The input is read when the aggregation is opened; what it needs to remember is groups times steps.
Result<VectorStreamPtr> open_aggregation(Evaluator& evaluator, Domain& domain, const AggregationExpr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_AGGREGATE_H_
