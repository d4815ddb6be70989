// What a kind of token may be in the grammar.
#ifndef NIGHTLIGHT_PROMQL_TOKEN_ROLES_H_
#define NIGHTLIGHT_PROMQL_TOKEN_ROLES_H_

#include "promql/ast.h"
#include "promql/lexer.h"

namespace nightlight::promql {

// Like *, so that -a^2 is -(a^2) and -a*b is (-a)*b.
inline constexpr int kUnaryPrecedence = 5;

// 0: not a binary operator.
int precedence(TokenKind kind);
// Of a binary operator.
BinaryOp binary_op(TokenKind kind);
// Of a token that names one.
AggregationOp aggregation_op(TokenKind kind);
bool is_sign(TokenKind kind);

// Words that are keywords somewhere may still be names.
bool may_be_grouping_label(TokenKind kind);
bool may_be_metric_name(TokenKind kind);
bool may_begin_expression(TokenKind kind);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_TOKEN_ROLES_H_
