// Series that have come to have the same labels.
#ifndef NIGHTLIGHT_PROMQL_EXEC_MERGE_EQUAL_H_
#define NIGHTLIGHT_PROMQL_EXEC_MERGE_EQUAL_H_

#include <vector>

#include "promql/exec/domain.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// What is left of a stream of columns that are kept for the query.
Result<std::vector<const Column*>> collect(VectorStream& stream);

// Columns with equal labels become one, at the place of the first. kFailedPrecondition when two have a value at the
// same step. Columns are kept for the query.
Result<std::vector<const Column*>> merge_equal(QueryState& state, const Domain& domain,
                                               std::vector<const Column*> columns);

// A stream of columns that are there already.
VectorStreamPtr stream_of(std::vector<const Column*> columns, bool distinct_without_name);

// Series whose names have gone: merged if their origin does not make them distinct. The stream must keep its columns
// for the query unless it is distinct without names.
Result<VectorStreamPtr> merge_nameless(QueryState& state, const Domain& domain, VectorStreamPtr stream);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_MERGE_EQUAL_H_
