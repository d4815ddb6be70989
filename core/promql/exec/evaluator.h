// From an expression to the stream of its series: opens the operators of a tree, innermost first.
#ifndef NIGHTLIGHT_PROMQL_EXEC_EVALUATOR_H_
#define NIGHTLIGHT_PROMQL_EXEC_EVALUATOR_H_

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "promql/ast.h"
#include "promql/exec/domain.h"
#include "promql/exec/profile.h"
#include "promql/exec/selection.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// The libraries that functions come from.
struct FunctionSource {
  const FunctionSpec* spec;
  FunctionLibrary* library;
};
using FunctionSources = std::unordered_map<const FunctionSpec*, FunctionSource>;

// Everything refers to the state, the tree and the domains that calls are given: they outlive the streams.
class Evaluator {
 public:
  // Durations and the bounds of `@` are resolved in the tree.
  // `profile` may be null.
  Evaluator(QueryState& state, const FunctionSources& functions, const Expr& root, Profile* profile);

  // An instant vector.
  Result<VectorStreamPtr> vector(const Expr& expr, Domain& domain, Keep keep, const SelectionHints& hints = {});
  // A scalar: one value per step.
  Result<const double*> scalar(const Expr& expr, Domain& domain);
  // Which error to tell when a right operand has failed before the left one was evaluated: the left one's, if it fails
  // too.
  Error leftmost_error(const Expr& lhs, Domain& domain, Error of_right);
  // A range vector.
  Result<WindowStreamPtr> windows(const Expr& expr, Domain& domain, const SelectionHints& hints = {});

  QueryState& state() { return state_; }
  const FunctionSources& functions() const { return functions_; }

 private:
  Result<VectorStreamPtr> open_unmeasured(const Expr& expr, Domain& domain, Keep keep, const SelectionHints& hints);
  Result<VectorStreamPtr> open(const Expr& expr, Domain& domain, Keep keep, const SelectionHints& hints);
  Result<VectorStreamPtr> binary(const BinaryExpr& expr, Domain& domain, Keep keep);
  Result<WindowStreamPtr> open_windows_of(const Expr& expr, Domain& domain, const SelectionHints& hints);
  Result<void> compute(const Expr& expr, Domain& domain, double* out);

  QueryState& state_;
  const FunctionSources& functions_;
  Profile* const profile_;
  const std::unordered_set<const Expr*> once_;  // Evaluated once for all steps.
  const std::unordered_set<const VectorSelector*> statistics_only_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_EVALUATOR_H_
