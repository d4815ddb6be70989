// Subqueries: an instant vector expression, evaluated on a grid of its own, becomes a range vector.
#ifndef NIGHTLIGHT_PROMQL_EXEC_SUBQUERY_H_
#define NIGHTLIGHT_PROMQL_EXEC_SUBQUERY_H_

#include <functional>

#include "promql/ast.h"
#include "promql/exec/domain.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// Opens the inner expression over the given domain.
using OpenInner = std::function<Result<VectorStreamPtr>(Domain& inner)>;

Result<WindowStreamPtr> open_subquery(QueryState& state, Domain& domain, const SubqueryExpr& subquery,
                                      const OpenInner& open);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_SUBQUERY_H_
