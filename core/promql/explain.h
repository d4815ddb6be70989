// A query's plan as JSON: what it would read, and after it has run what each part cost.
#ifndef NIGHTLIGHT_PROMQL_EXPLAIN_H_
#define NIGHTLIGHT_PROMQL_EXPLAIN_H_

#include <string>

#include "promql/exec/domain.h"
#include "promql/exec/profile.h"

namespace nightlight::promql {

// {"operator","expression","evaluatedOnce"?,"estimate"?,"actual"?,"children"?}. Estimates come from the label index and
// the first few series of each selector. `profile` may be null.
Result<std::string> explain_plan(QueryState& state, const Domain& domain, const Expr& root, const Profile* profile);

// {"message","durationMs","children"}
std::string trace_of(const Expr& root, const Profile& profile);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXPLAIN_H_
