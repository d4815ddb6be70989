#include "promql/cache/stepwise.h"

#include <algorithm>

#include "model/labels.h"
#include "nightlight/sugar.h"

namespace nightlight::promql {
namespace {

enum class Names {
  kOne,      // The series differ without their names, or have none.
  kSeveral,  // Dropping the names could make two series of different steps equal.
  kRefused,  // Not stepwise.
};

bool looks_back(const TimeShift& shift) {
  return !shift.pinned() && shift.offset_expr == nullptr && shift.offset_ms >= 0;
}

Names names_of(const Expr& expr);

Names of_selector(const VectorSelector& selector) {
  if (!looks_back(selector.shift) || selector.mode != RangeMode::kPlain) return Names::kRefused;
  for (const LabelMatcher& m : selector.matchers)
    if (m.op == MatchOp::kEqual && m.name == kMetricNameLabel && !m.value.empty()) return Names::kOne;
  return Names::kSeveral;
}

Names of_aggregation(const AggregationExpr& aggregation) {
  if (aggregation.parameter != nullptr && names_of(*aggregation.parameter) == Names::kRefused) return Names::kRefused;
  const Names inner = names_of(*aggregation.expr);
  if (inner == Names::kRefused) return inner;
  switch (aggregation.op) {
    case AggregationOp::kTopk:
    case AggregationOp::kBottomk:
    case AggregationOp::kLimitk:
    case AggregationOp::kLimitRatio:
      return inner;
    default:
      break;
  }
  const bool by_name = !aggregation.without && std::any_of(aggregation.grouping.begin(), aggregation.grouping.end(),
                                                           [](const std::string& l) { return is_metadata_label(l); });
  return by_name ? Names::kSeveral : Names::kOne;
}

Names of_binary(const BinaryExpr& binary) {
  const Names left = names_of(*binary.lhs), right = names_of(*binary.rhs);
  if (left == Names::kRefused || right == Names::kRefused) return Names::kRefused;
  if (binary.op == BinaryOp::kOr) return Names::kSeveral;
  if (is_set_operator(binary.op)) return left;
  // The name stays where a comparison filters; otherwise it goes.
  if (is_comparison(binary.op) && !binary.return_bool) return std::max(left, right);
  return std::max(left, right) == Names::kOne ? Names::kOne : Names::kRefused;
}

Names of_call(const Call& call) {
  const std::string_view name = view(call.function->name);
  if (name == "label_replace" || name == "label_join" || name == "info") return Names::kRefused;
  // What has no argument may speak of the whole range, as start(), end() and range() do.
  if (call.arguments.empty() && name != "time" && name != "step" && name != "pi") return Names::kRefused;
  for (const ExprPtr& argument : call.arguments) {
    if (argument->type() == ValueType::kString) continue;
    if (names_of(*argument) != Names::kOne) return Names::kRefused;
  }
  return Names::kOne;
}

Names names_of(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
      return Names::kOne;
    case ExprKind::kParen:
      return names_of(*as<ParenExpr>(expr).expr);
    case ExprKind::kUnary: {
      const Names inner = names_of(*as<UnaryExpr>(expr).expr);
      return inner == Names::kOne ? inner : Names::kRefused;
    }
    case ExprKind::kBinary:
      return of_binary(as<BinaryExpr>(expr));
    case ExprKind::kAggregation:
      return of_aggregation(as<AggregationExpr>(expr));
    case ExprKind::kCall:
      return of_call(as<Call>(expr));
    case ExprKind::kVectorSelector:
      return of_selector(as<VectorSelector>(expr));
    case ExprKind::kMatrixSelector: {
      const auto& matrix = as<MatrixSelector>(expr);
      return matrix.range_expr == nullptr ? of_selector(*matrix.selector) : Names::kRefused;
    }
    case ExprKind::kSubquery: {
      const auto& subquery = as<SubqueryExpr>(expr);
      const bool plain = subquery.range_expr == nullptr && subquery.step_expr == nullptr && looks_back(subquery.shift);
      return plain ? names_of(*subquery.expr) : Names::kRefused;
    }
  }
  return Names::kRefused;
}

}  // namespace

bool is_stepwise(const Expr& expr, bool delayed_name_removal) {
  const Names names = names_of(expr);
  return names == Names::kOne || (names == Names::kSeveral && !delayed_name_removal);
}

}  // namespace nightlight::promql
