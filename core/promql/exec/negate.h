// Unary minus.
#ifndef NIGHTLIGHT_PROMQL_EXEC_NEGATE_H_
#define NIGHTLIGHT_PROMQL_EXEC_NEGATE_H_

#include "promql/exec/domain.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

Result<VectorStreamPtr> open_negation(QueryState& state, Domain& domain, VectorStreamPtr operand, Keep keep);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_NEGATE_H_
