// count_values: a series for each value that occurs, with the number of times it does.
#ifndef NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_COUNT_VALUES_H_
#define NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_COUNT_VALUES_H_

#include "promql/exec/evaluator.h"

namespace nightlight::promql {

Result<VectorStreamPtr> open_count_values(QueryState& state, Domain& domain, const AggregationExpr& expr,
                                          const std::string& label, VectorStreamPtr input);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_COUNT_VALUES_H_
