// Binary operators.
#ifndef NIGHTLIGHT_PROMQL_EXEC_BINARY_BINARY_H_
#define NIGHTLIGHT_PROMQL_EXEC_BINARY_BINARY_H_

#include "promql/exec/evaluator.h"

namespace nightlight::promql {

// Scalar op scalar, step by step. kFailedPrecondition for an operator that scalars do not have.
Result<void> combine_scalars(BinaryOp op, const double* lhs, const double* rhs, uint64_t steps, double* out);

// Vector op scalar, or with `scalar_left` scalar op vector.
Result<VectorStreamPtr> open_with_scalar(QueryState& state, Domain& domain, const BinaryExpr& expr,
                                         VectorStreamPtr operand, const double* scalar, bool scalar_left, Keep keep);

// Arithmetic and comparison of two vectors.
Result<VectorStreamPtr> open_vector_operation(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr);

// and, or, unless.
Result<VectorStreamPtr> open_set_operation(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr, Keep keep);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_BINARY_BINARY_H_
