#include "promql/plan/step_invariant.h"

#include "promql/plan/info_reference.h"

namespace nightlight::promql {
namespace {

using Parts = std::unordered_set<const Expr*>;

struct Invariance {
  bool invariant = false;
  bool worth_it = false;  // And evaluating it once saves something.
};

Invariance find(const Expr& expr, Parts& parts);

void note(const Invariance& found, const Expr& expr, Parts& parts) {
  if (found.worth_it) parts.insert(&expr);
}

Invariance find_in_call(const Call& call, Parts& parts) {
  const bool time_dependent = (call.function->flags & kTimeDependent) != 0;
  const bool of_samples = (call.function->flags & kNeedsSampleTimestamps) != 0;
  bool invariant = !time_dependent;
  bool only_selectors = of_samples && !call.arguments.empty();
  std::vector<Invariance> arguments;
  for (const ExprPtr& argument : call.arguments) {
    const Expr& bare = without_parens(*argument);
    Invariance found = find(bare, parts);
    // The second argument of info() is not evaluated.
    const bool names_labels_only = (call.function->flags & kNeedsLookback) != 0 && !arguments.empty();
    if (names_labels_only) {
      found.worth_it = false;
    } else {
      invariant &= found.invariant;
      only_selectors &= found.invariant && bare.kind == ExprKind::kVectorSelector;
    }
    arguments.push_back(found);
  }
  if ((call.function->flags & kNeedsLookback) != 0 && !call.arguments.empty()) {
    invariant &= info_reference(*call.arguments[0]) != nullptr;
  }
  // timestamp() of a pinned selector is the time of a sample, not of the step.
  if (invariant || only_selectors) return {true, true};
  for (size_t i = 0; i < arguments.size(); ++i) note(arguments[i], without_parens(*call.arguments[i]), parts);
  return {};
}

Invariance find(const Expr& expr, Parts& parts) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
      return {true, false};
    case ExprKind::kVectorSelector: {
      bool pinned = as<VectorSelector>(expr).shift.pinned();
      return {pinned, pinned};
    }
    case ExprKind::kMatrixSelector:
      return {as<MatrixSelector>(expr).selector->shift.pinned(), false};
    case ExprKind::kSubquery: {
      const auto& subquery = as<SubqueryExpr>(expr);
      if (find(*subquery.expr, parts).invariant) parts.insert(subquery.expr.get());
      return {subquery.shift.pinned(), false};
    }
    case ExprKind::kParen:
      return find(*as<ParenExpr>(expr).expr, parts);
    case ExprKind::kUnary:
      return find(*as<UnaryExpr>(expr).expr, parts);
    case ExprKind::kAggregation:
      return find(*as<AggregationExpr>(expr).expr, parts);
    case ExprKind::kCall:
      return find_in_call(as<Call>(expr), parts);
    case ExprKind::kBinary: {
      const auto& binary = as<BinaryExpr>(expr);
      Invariance lhs = find(*binary.lhs, parts), rhs = find(*binary.rhs, parts);
      if (lhs.invariant && rhs.invariant) return {true, true};
      note(lhs, *binary.lhs, parts);
      note(rhs, *binary.rhs, parts);
      return {};
    }
  }
  return {};
}

}  // namespace

std::unordered_set<const Expr*> step_invariant_parts(const Expr& expr) {
  Parts parts;
  note(find(expr, parts), expr, parts);
  return parts;
}

}  // namespace nightlight::promql
