#include "promql/ast.h"

namespace nightlight::promql {
namespace {

template <class T>
std::unique_ptr<T> clone_or_null(const std::unique_ptr<T>& node) {
  return node == nullptr ? nullptr : node->clone();
}

template <class Node>
std::unique_ptr<Node> like(const Node& node) {
  auto copy = std::make_unique<Node>();
  copy->span = node.span;
  return copy;
}

std::unique_ptr<VectorSelector> clone_selector(const VectorSelector& selector) {
  auto copy = like(selector);
  copy->name = selector.name;
  copy->matchers = selector.matchers;
  copy->shift = selector.shift.clone();
  copy->mode = selector.mode;
  return copy;
}

// The same walk for const and mutable trees.
template <class E, class F>
void each_child(E& expr, F visit) {
  auto node = [&expr]<class Node>(std::type_identity<Node>) -> auto& { return as<Node>(expr); };
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
      return;
    case ExprKind::kParen:
      return visit(*node(std::type_identity<ParenExpr>()).expr);
    case ExprKind::kUnary:
      return visit(*node(std::type_identity<UnaryExpr>()).expr);
    case ExprKind::kBinary: {
      auto& binary = node(std::type_identity<BinaryExpr>());
      visit(*binary.lhs);
      return visit(*binary.rhs);
    }
    case ExprKind::kAggregation: {
      auto& aggregation = node(std::type_identity<AggregationExpr>());
      if (aggregation.parameter != nullptr) visit(*aggregation.parameter);
      return visit(*aggregation.expr);
    }
    case ExprKind::kCall:
      for (auto& argument : node(std::type_identity<Call>()).arguments) visit(*argument);
      return;
    case ExprKind::kMatrixSelector:
      return visit(*node(std::type_identity<MatrixSelector>()).selector);
    case ExprKind::kSubquery:
      return visit(*node(std::type_identity<SubqueryExpr>()).expr);
  }
}

}  // namespace

std::unique_ptr<DurationExpr> DurationExpr::clone() const {
  auto copy = std::make_unique<DurationExpr>();
  copy->op = op;
  copy->wrapped = wrapped;
  copy->written_as_duration = written_as_duration;
  copy->number = number;
  copy->span = span;
  copy->lhs = clone_or_null(lhs);
  copy->rhs = clone_or_null(rhs);
  return copy;
}

TimeShift TimeShift::clone() const {
  TimeShift copy;
  copy.offset_ms = offset_ms;
  copy.offset_expr = clone_or_null(offset_expr);
  copy.at_ms = at_ms;
  copy.at_bound = at_bound;
  return copy;
}

ExprPtr NumberLiteral::clone() const { return std::make_unique<NumberLiteral>(*this); }

ExprPtr StringLiteral::clone() const { return std::make_unique<StringLiteral>(*this); }

ExprPtr ParenExpr::clone() const {
  auto copy = like(*this);
  copy->expr = expr->clone();
  return copy;
}

ExprPtr UnaryExpr::clone() const {
  auto copy = like(*this);
  copy->negative = negative;
  copy->expr = expr->clone();
  return copy;
}

ExprPtr BinaryExpr::clone() const {
  auto copy = like(*this);
  copy->op = op;
  copy->return_bool = return_bool;
  copy->lhs = lhs->clone();
  copy->rhs = rhs->clone();
  copy->matching = matching;
  return copy;
}

ExprPtr AggregationExpr::clone() const {
  auto copy = like(*this);
  copy->op = op;
  copy->without = without;
  copy->grouping = grouping;
  copy->expr = expr->clone();
  copy->parameter = clone_or_null(parameter);
  return copy;
}

ExprPtr Call::clone() const {
  auto copy = like(*this);
  copy->function = function;
  for (const ExprPtr& argument : arguments) copy->arguments.push_back(argument->clone());
  return copy;
}

ExprPtr VectorSelector::clone() const { return clone_selector(*this); }

ExprPtr MatrixSelector::clone() const {
  auto copy = like(*this);
  copy->selector = clone_selector(*selector);
  copy->range_ms = range_ms;
  copy->range_expr = clone_or_null(range_expr);
  return copy;
}

ExprPtr SubqueryExpr::clone() const {
  auto copy = like(*this);
  copy->expr = expr->clone();
  copy->range_ms = range_ms;
  copy->range_expr = clone_or_null(range_expr);
  copy->step_ms = step_ms;
  copy->step_expr = clone_or_null(step_expr);
  copy->shift = shift.clone();
  return copy;
}

std::string_view name_of(BinaryOp op) {
  static constexpr std::string_view kNames[] = {
      "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "</", ">/", "and", "or", "unless"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view name_of(AggregationOp op) {
  static constexpr std::string_view kNames[] = {"sum",          "avg",      "count",  "min",        "max",
                                                "group",        "stddev",   "stdvar", "topk",       "bottomk",
                                                "count_values", "quantile", "limitk", "limit_ratio"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view name_of(MatchOp op) {
  static constexpr std::string_view kNames[] = {"=", "!=", "=~", "!~"};
  return kNames[static_cast<size_t>(op)];
}

bool has_parameter(AggregationOp op) { return op >= AggregationOp::kTopk; }

std::vector<Expr*> children(Expr& expr) {
  std::vector<Expr*> out;
  each_child(expr, [&out](Expr& child) { out.push_back(&child); });
  return out;
}

std::vector<const Expr*> children(const Expr& expr) {
  std::vector<const Expr*> out;
  each_child(expr, [&out](const Expr& child) { out.push_back(&child); });
  return out;
}

const Expr& without_parens(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* paren = as_if<ParenExpr>(inner)) inner = paren->expr.get();
  return *inner;
}

}  // namespace nightlight::promql
