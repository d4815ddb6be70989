// What does not depend on the step is evaluated once and shown at every step.
#ifndef NIGHTLIGHT_PROMQL_EXEC_BROADCAST_H_
#define NIGHTLIGHT_PROMQL_EXEC_BROADCAST_H_

#include "promql/exec/subquery.h"

namespace nightlight::promql {

Result<VectorStreamPtr> open_broadcast(QueryState& state, Domain& domain, const OpenInner& open, Keep keep);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_BROADCAST_H_
