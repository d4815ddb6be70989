#include "promql/token_roles.h"

namespace nightlight::promql {

int precedence(TokenKind kind) {
  switch (kind) {
    case TokenKind::kOr:
      return 1;
    case TokenKind::kAnd:
    case TokenKind::kUnless:
      return 2;
    case TokenKind::kAdd:
    case TokenKind::kSub:
      return 4;
    case TokenKind::kMul:
    case TokenKind::kDiv:
    case TokenKind::kMod:
    case TokenKind::kAtan2:
      return kUnaryPrecedence;
    case TokenKind::kPow:
      return 6;
    default:
      return is_binary_operator(kind) ? 3 : 0;
  }
}

BinaryOp binary_op(TokenKind kind) {
  return static_cast<BinaryOp>(static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd));
}
AggregationOp aggregation_op(TokenKind kind) {
  return static_cast<AggregationOp>(static_cast<int>(kind) - static_cast<int>(TokenKind::kSum));
}

bool is_sign(TokenKind kind) { return kind == TokenKind::kAdd || kind == TokenKind::kSub; }

bool may_be_grouping_label(TokenKind kind) {
  bool word_operator =
      kind == TokenKind::kAnd || kind == TokenKind::kOr || kind == TokenKind::kUnless || kind == TokenKind::kAtan2;
  bool identifier = kind == TokenKind::kIdentifier || kind == TokenKind::kMetricIdentifier;
  return identifier || word_operator || (kind >= TokenKind::kSum && kind != TokenKind::kWithout);
}
bool may_be_metric_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAtan2:
    case TokenKind::kBool:
    case TokenKind::kOn:
    case TokenKind::kIgnoring:
    case TokenKind::kGroupLeft:
    case TokenKind::kGroupRight:
      return false;
    case TokenKind::kWithout:
      return true;
    default:
      return may_be_grouping_label(kind);
  }
}
bool may_begin_expression(TokenKind kind) {
  switch (kind) {
    case TokenKind::kString:
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBrace:
      return true;
    default:
      return is_sign(kind) || may_be_metric_name(kind);
  }
}

}  // namespace nightlight::promql
