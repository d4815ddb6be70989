// Duration expressions.
#include <cmath>

#include "promql/grammar.h"
#include "promql/token_roles.h"

namespace nightlight::promql {
namespace {

constexpr double kLargestDuration = 9223372036.854775807;  // Seconds, as nanoseconds in an int64.

}  // namespace

Grammar::DurationPtr Grammar::positive_duration() {
  duration_nodes_ = 0;
  DurationPtr expr = duration(1);
  if (expr == nullptr) return nullptr;
  if (expr->op == DurationOp::kNumber && !(expr->number > 0))
    return fail(expr->span, "duration must be greater than 0");
  return expr;
}

Grammar::DurationPtr Grammar::duration_node(DurationOp op) {
  if (++duration_nodes_ > kMaxDepth) return fail(peek().span, kTooDeep);
  auto node = std::make_unique<DurationExpr>();
  node->op = op;
  return node;
}

Grammar::DurationPtr Grammar::duration(int min_precedence) { return duration_rest(duration_unary(), min_precedence); }

// Reads the operators behind `lhs` and their right sides.
Grammar::DurationPtr Grammar::duration_rest(DurationPtr lhs, int min_precedence) {
  while (lhs != nullptr) {
    TokenKind kind = peek().kind;
    int level = kind >= TokenKind::kAdd && kind <= TokenKind::kPow ? precedence(kind) : 0;
    if (level < min_precedence) break;
    Token op = take();
    DurationPtr expr = duration_node(static_cast<DurationOp>(
        static_cast<int>(DurationOp::kAdd) + static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd)));
    if (expr == nullptr) return nullptr;
    expr->rhs = duration(kind == TokenKind::kPow ? level : level + 1);
    if (expr->rhs == nullptr || !check_divisor(expr->op, *expr->rhs, op.span)) return nullptr;
    expr->span = {lhs->span.start, expr->rhs->span.end};
    expr->lhs = std::move(lhs);
    lhs = std::move(expr);
  }
  return failed() ? nullptr : std::move(lhs);
}

bool Grammar::check_divisor(DurationOp op, const DurationExpr& rhs, Span operator_span) {
  bool divides = op == DurationOp::kDiv || op == DurationOp::kMod;
  if (!divides || rhs.op != DurationOp::kNumber || rhs.number != 0) return true;
  fail(operator_span, op == DurationOp::kDiv ? "division by zero" : "modulo by zero");
  return false;
}

// A sign before `operand`: folded into a literal; `keep_plus` says whether a plus before anything else leaves a trace.
Grammar::DurationPtr Grammar::signed_duration(const Token& sign, DurationPtr operand, bool keep_plus) {
  if (operand == nullptr) return nullptr;
  bool minus = sign.kind == TokenKind::kSub;
  bool parenthesised_literal = operand->op == DurationOp::kAdd && operand->lhs == nullptr && operand->wrapped;
  if (operand->op == DurationOp::kNumber) {
    if (minus) operand->number = -operand->number;
    operand->span.start = sign.span.start;
    return operand;
  }
  if (!minus && (!keep_plus || parenthesised_literal)) return operand;
  DurationPtr expr = duration_node(minus ? DurationOp::kSub : DurationOp::kAdd);
  if (expr == nullptr) return nullptr;
  expr->span = {sign.span.start, operand->span.end};
  expr->rhs = std::move(operand);
  return expr;
}

Grammar::DurationPtr Grammar::duration_unary() {
  Depth depth(*this);
  if (!depth.ok()) return nullptr;
  if (!is_sign(peek().kind)) return duration_primary(nullptr);
  Token sign = take();
  return signed_duration(sign, duration(kUnaryPrecedence + 1), false);
}

// `sign` is the one before it that belongs to a literal, null for none.
Grammar::DurationPtr Grammar::duration_primary(const Token* sign) {
  switch (peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration: {
      Token token = take();
      std::optional<double> value = literal_value(token);
      if (!value) return nullptr;
      if (!(std::fabs(*value) <= kLargestDuration)) {
        return fail(sign != nullptr ? sign->span : token.span, "duration out of range");
      }
      DurationPtr expr = duration_node(DurationOp::kNumber);
      if (expr == nullptr) return nullptr;
      expr->number = *value;
      expr->written_as_duration = token.kind == TokenKind::kDuration;
      expr->span = token.span;
      return expr;
    }
    case TokenKind::kLeftParen: {
      take();
      DurationPtr inner = duration(1);
      if (inner == nullptr) return nullptr;
      if (!take_if(TokenKind::kRightParen)) return unexpected();
      if (inner->op == DurationOp::kNumber) {
        DurationPtr wrapper = duration_node(DurationOp::kAdd);
        if (wrapper == nullptr) return nullptr;
        wrapper->span = inner->span;
        wrapper->rhs = std::move(inner);
        inner = std::move(wrapper);
      }
      inner->wrapped = true;  // Its span stays without them, for Prometheus' positions.
      return inner;
    }
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMinOf:
    case TokenKind::kMaxOf:
      return duration_call();
    default:
      return unexpected();
  }
}

Grammar::DurationPtr Grammar::duration_call() {
  Token name = take();
  DurationOp op = static_cast<DurationOp>(static_cast<int>(DurationOp::kStep) + static_cast<int>(name.kind) -
                                          static_cast<int>(TokenKind::kStep));
  if (!take_if(TokenKind::kLeftParen)) return unexpected();
  DurationPtr expr = duration_node(op);
  if (expr == nullptr) return nullptr;
  if (op == DurationOp::kMinOf || op == DurationOp::kMaxOf) {
    expr->lhs = duration(1);
    if (expr->lhs == nullptr) return nullptr;
    if (!take_if(TokenKind::kComma)) return unexpected();
    expr->rhs = duration(1);
    if (expr->rhs == nullptr) return nullptr;
  }
  if (!take_if(TokenKind::kRightParen)) return unexpected();
  expr->span = {name.span.start, last_end_};
  return expr;
}

// Behind `offset`: a term with at most one sign, which operators end; but what begins with a parenthesis or two signs
// is a whole duration expression.
Grammar::DurationPtr Grammar::offset_duration() {
  if (peek().kind == TokenKind::kLeftParen) return duration(1);
  if (!is_sign(next_.kind)) return duration_primary(nullptr);
  Token sign = take();
  if (!is_sign(peek().kind)) return signed_duration(sign, duration_primary(&sign), true);
  DurationPtr operand = signed_duration(sign, duration(kUnaryPrecedence + 1), false);
  return duration_rest(std::move(operand), 1);
}

}  // namespace nightlight::promql
