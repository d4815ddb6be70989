// Function calls, through the public function interface.
#ifndef NIGHTLIGHT_PROMQL_EXEC_CALL_H_
#define NIGHTLIGHT_PROMQL_EXEC_CALL_H_

#include "promql/exec/evaluator.h"

namespace nightlight::promql {

// A call whose result is an instant vector.
Result<VectorStreamPtr> open_call(Evaluator& evaluator, Domain& domain, const Call& call, Keep keep);
// A call whose result is a scalar: one value per step.
Result<void> call_scalar(Evaluator& evaluator, Domain& domain, const Call& call, double* out);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_CALL_H_
