#include "promql/exec/evaluator.h"

#include <algorithm>

#include "promql/exec/aggregate/aggregate.h"
#include "promql/exec/binary/binary.h"
#include "promql/exec/broadcast.h"
#include "promql/exec/call.h"
#include "promql/exec/instant_selector.h"
#include "promql/exec/merge_equal.h"
#include "promql/exec/negate.h"
#include "promql/exec/range_selector.h"
#include "promql/exec/subquery.h"
#include "promql/plan/histogram_statistics.h"
#include "promql/plan/step_invariant.h"

namespace nightlight::promql {

Evaluator::Evaluator(QueryState& state, const FunctionSources& functions, const Expr& root, Profile* profile)
    : state_(state),
      functions_(functions),
      profile_(profile),
      once_(step_invariant_parts(root)),
      statistics_only_(statistics_only_selectors(root)) {}

Result<VectorStreamPtr> Evaluator::vector(const Expr& expr, Domain& domain, Keep keep, const SelectionHints& hints) {
  NIGHTLIGHT_TRY(state_.check());
  if (domain.steps() == 0) return stream_of({}, true);
  if (domain.single() || !once_.contains(&expr)) return open(expr, domain, keep, hints);
  auto open_once = [&](Domain& inner) { return open(expr, inner, Keep::kUntilNext, hints); };
  return open_broadcast(state_, domain, open_once, keep);
}

Result<VectorStreamPtr> Evaluator::open(const Expr& expr, Domain& domain, Keep keep, const SelectionHints& hints) {
  if (profile_ == nullptr || expr.kind == ExprKind::kParen) return open_unmeasured(expr, domain, keep, hints);
  OperatorCost& cost = profile_->of(expr);
  CostTimer timer(cost);
  NIGHTLIGHT_ASSIGN(stream, open_unmeasured(expr, domain, keep, hints));
  return measured(std::move(stream), domain, cost);
}

Result<VectorStreamPtr> Evaluator::open_unmeasured(const Expr& expr, Domain& domain, Keep keep,
                                                   const SelectionHints& hints) {
  switch (expr.kind) {
    case ExprKind::kParen:
      return vector(*as<ParenExpr>(expr).expr, domain, keep, hints);
    case ExprKind::kVectorSelector: {
      const auto& selector = as<VectorSelector>(expr);
      SelectionHints of_selector = hints;
      of_selector.statistics_only = statistics_only_.contains(&selector);
      if (selector.mode == RangeMode::kSmoothed)
        return open_smoothed_selector(state_, domain, selector, of_selector, keep);
      return open_instant_selector(state_, domain, selector, of_selector, false, keep);
    }
    case ExprKind::kUnary: {
      const auto& unary = as<UnaryExpr>(expr);
      if (!unary.negative) return vector(*unary.expr, domain, keep, hints);
      NIGHTLIGHT_ASSIGN(operand, vector(*unary.expr, domain, Keep::kUntilNext, hints));
      return open_negation(state_, domain, std::move(operand), keep);
    }
    case ExprKind::kBinary:
      return binary(as<BinaryExpr>(expr), domain, keep);
    case ExprKind::kAggregation:
      return open_aggregation(*this, domain, as<AggregationExpr>(expr));
    case ExprKind::kCall:
      return open_call(*this, domain, as<Call>(expr), keep);
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery:
      break;
  }
  return Error{Code::kInternal, "an expression that is no instant vector stands where one is needed"};
}

Result<VectorStreamPtr> Evaluator::binary(const BinaryExpr& expr, Domain& domain, Keep keep) {
  const bool scalar_left = expr.lhs->type() == ValueType::kScalar;
  if (scalar_left || expr.rhs->type() == ValueType::kScalar) {
    Result<const double*> evaluated = scalar(scalar_left ? *expr.lhs : *expr.rhs, domain);
    if (!evaluated.ok())
      return scalar_left ? evaluated.error() : leftmost_error(*expr.lhs, domain, std::move(evaluated).error());
    const double* number = *evaluated;
    NIGHTLIGHT_ASSIGN(operand, vector(scalar_left ? *expr.rhs : *expr.lhs, domain, Keep::kUntilNext));
    return open_with_scalar(state_, domain, expr, std::move(operand), number, scalar_left, keep);
  }
  if (is_set_operator(expr.op)) return open_set_operation(*this, domain, expr, keep);
  return open_vector_operation(*this, domain, expr);
}

Error Evaluator::leftmost_error(const Expr& lhs, Domain& domain, Error of_right) {
  if (of_right.code != Code::kFailedPrecondition) return of_right;  // Limits have been reached: no more work.
  Result<VectorStreamPtr> left = vector(lhs, domain, Keep::kUntilNext);
  if (!left.ok()) return left.error();
  auto columns = collect(**left);
  return columns.ok() ? of_right : columns.error();
}

Result<const double*> Evaluator::scalar(const Expr& expr, Domain& domain) {
  NIGHTLIGHT_TRY(state_.check());
  auto* out = allocate_zeroed<double>(state_.arena, domain.steps());
  if (out == nullptr) return state_.out_of_memory();
  if (domain.steps() == 0) return out;
  if (domain.single() || !once_.contains(&expr)) {
    NIGHTLIGHT_TRY(compute(expr, domain, out));
    return out;
  }
  Domain once(domain.times_ms.front(), domain.times_ms.front(), 0);
  NIGHTLIGHT_TRY(compute(expr, once, out));
  std::fill(out + 1, out + domain.steps(), out[0]);
  domain.read_samples[0] += once.read_samples[0];
  for (int64_t& count : domain.queryable_samples) count += once.queryable_samples[0];
  return out;
}

Result<void> Evaluator::compute(const Expr& expr, Domain& domain, double* out) {
  const uint64_t steps = domain.steps();
  switch (expr.kind) {
    case ExprKind::kNumber:
      std::fill(out, out + steps, as<NumberLiteral>(expr).value);
      return {};
    case ExprKind::kParen:
      return compute(*as<ParenExpr>(expr).expr, domain, out);
    case ExprKind::kUnary: {
      const auto& unary = as<UnaryExpr>(expr);
      NIGHTLIGHT_TRY(compute(*unary.expr, domain, out));
      if (unary.negative) std::transform(out, out + steps, out, [](double v) { return -v; });
      return {};
    }
    case ExprKind::kBinary: {
      const auto& both = as<BinaryExpr>(expr);
      NIGHTLIGHT_ASSIGN(lhs, scalar(*both.lhs, domain));
      NIGHTLIGHT_ASSIGN(rhs, scalar(*both.rhs, domain));
      return combine_scalars(both.op, lhs, rhs, steps, out);
    }
    case ExprKind::kCall:
      return call_scalar(*this, domain, as<Call>(expr), out);
    case ExprKind::kString:
    case ExprKind::kAggregation:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery:
      break;
  }
  return Error{Code::kInternal, "an expression that is no scalar stands where one is needed"};
}

Result<WindowStreamPtr> Evaluator::windows(const Expr& expr, Domain& domain, const SelectionHints& hints) {
  const Expr& bare = without_parens(expr);
  if (profile_ == nullptr) return open_windows_of(bare, domain, hints);
  OperatorCost& cost = profile_->of(bare);
  CostTimer timer(cost);
  NIGHTLIGHT_ASSIGN(stream, open_windows_of(bare, domain, hints));
  return measured(std::move(stream), cost);
}

Result<WindowStreamPtr> Evaluator::open_windows_of(const Expr& bare, Domain& domain, const SelectionHints& hints) {
  if (const auto* matrix = as_if<MatrixSelector>(&bare)) {
    SelectionHints of_selector = hints;
    of_selector.statistics_only = statistics_only_.contains(matrix->selector.get());
    return open_range_selector(state_, domain, *matrix, of_selector);
  }
  if (const auto* subquery = as_if<SubqueryExpr>(&bare)) {
    return open_subquery(state_, domain, *subquery,
                         [&](Domain& inner) { return vector(*subquery->expr, inner, Keep::kUntilNext); });
  }
  return Error{Code::kInternal, "an expression that is no range vector stands where one is needed"};
}

}  // namespace nightlight::promql
