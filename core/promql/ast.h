// The syntax tree of a PromQL expression.
//
// A tree owns its children. Nodes are made by the parser (parser.h), which has checked types, arity and matchers: code
// that walks a tree may rely on them. `kind` says what a node is; `as<Call>(expr)` is the checked cast, `clone` a deep
// copy. Trees are at most kMaxDepth deep, so plain recursion over them is safe.
#ifndef NIGHTLIGHT_PROMQL_AST_H_
#define NIGHTLIGHT_PROMQL_AST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "nightlight/function.h"

namespace nightlight::promql {

inline constexpr int kMaxDepth = 500;

// Byte offsets into the query text: [start, end).
struct Span {
  uint32_t start = 0;
  uint32_t end = 0;
};

// ---- durations
// ------------------------------------------------------------------------------------------------------------

enum class DurationOp : uint8_t { kNumber, kAdd, kSub, kMul, kDiv, kMod, kPow, kStep, kRange, kMinOf, kMaxOf };

// A duration expression in brackets or behind `offset`, in seconds. step() and range() are the query's, so that it has
// no value before the query's times are known: see resolve_durations (duration_expr.h).
struct DurationExpr {
  DurationOp op = DurationOp::kNumber;
  bool wrapped = false;              // In parentheses.
  bool written_as_duration = false;  // kNumber: "5m", not "300".
  double number = 0;                 // kNumber
  Span span;
  // kAdd and kSub have no `lhs` when they are a sign. kNumber, kStep and kRange have neither.
  std::unique_ptr<DurationExpr> lhs, rhs;

  std::unique_ptr<DurationExpr> clone() const;
};

// ---- expressions
// ----------------------------------------------------------------------------------------------------------

enum class ExprKind : uint8_t {
  kNumber,
  kString,
  kParen,
  kUnary,
  kBinary,
  kAggregation,
  kCall,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
};

struct Expr {
  ExprKind kind;
  Span span;

  virtual ~Expr() = default;
  virtual ValueType type() const = 0;
  virtual std::unique_ptr<Expr> clone() const = 0;

 protected:
  explicit Expr(ExprKind k) : kind(k) {}
  Expr(const Expr&) = default;
};
using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral final : Expr {
  static constexpr ExprKind kKind = ExprKind::kNumber;
  double value = 0;
  bool written_as_duration = false;  // "5m", not "300".

  NumberLiteral() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kScalar; }
  ExprPtr clone() const override;
};

struct StringLiteral final : Expr {
  static constexpr ExprKind kKind = ExprKind::kString;
  std::string value;  // Unquoted; any bytes.

  StringLiteral() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kString; }
  ExprPtr clone() const override;
};

struct ParenExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kParen;
  ExprPtr expr;

  ParenExpr() : Expr(kKind) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr clone() const override;
};

struct UnaryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kUnary;
  bool negative = false;  // "-", otherwise "+".
  ExprPtr expr;           // Scalar or instant vector.

  UnaryExpr() : Expr(kKind) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr clone() const override;
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kTrimUpper,  // </
  kTrimLower,  // >/
  kAnd,
  kOr,
  kUnless,
};

constexpr bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterOrEqual; }
constexpr bool is_set_operator(BinaryOp op) { return op >= BinaryOp::kAnd; }
std::string_view name_of(BinaryOp op);  // As written in queries.

enum class Cardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;  // kManyToMany exactly for set operators.
  bool on = false;                                   // `labels` are those to match on, otherwise those to ignore.
  std::vector<std::string> labels;
  std::vector<std::string> include;  // group_left(...), group_right(...)
  // As written: fill_left is for the left operand, whatever the cardinality.
  std::optional<double> fill_left, fill_right;
};

struct BinaryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kBinary;
  BinaryOp op = BinaryOp::kAdd;
  bool return_bool = false;
  ExprPtr lhs, rhs;
  std::optional<VectorMatching> matching;  // Exactly when both sides are instant vectors.

  BinaryExpr() : Expr(kKind) {}
  ValueType type() const override {
    bool scalars = lhs->type() == ValueType::kScalar && rhs->type() == ValueType::kScalar;
    return scalars ? ValueType::kScalar : ValueType::kVector;
  }
  ExprPtr clone() const override;
};

enum class AggregationOp : uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};

std::string_view name_of(AggregationOp op);
// Whether it has a parameter before the vector: a string for kCountValues, otherwise a scalar.
bool has_parameter(AggregationOp op);

struct AggregationExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kAggregation;
  AggregationOp op = AggregationOp::kSum;
  bool without = false;
  std::vector<std::string> grouping;
  ExprPtr expr;
  ExprPtr parameter;  // Null when !has_parameter(op).

  AggregationExpr() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kVector; }
  ExprPtr clone() const override;
};

struct Call final : Expr {
  static constexpr ExprKind kKind = ExprKind::kCall;
  const FunctionSpec* function = nullptr;  // Of the table that the parser was given, which outlives the tree.
  std::vector<ExprPtr> arguments;

  Call() : Expr(kKind) {}
  ValueType type() const override { return function->result; }
  ExprPtr clone() const override;
};

// A label matcher. Regular expressions have been checked to compile.
struct LabelMatcher {
  MatchOp op = MatchOp::kEqual;
  std::string name;
  std::string value;
};

std::string_view name_of(MatchOp op);

enum class AtBound : uint8_t { kNone, kStart, kEnd };  // @ start(), @ end()

// The modifiers that a selector and a subquery have in common. The data that is read for evaluation time t ends at
// (the `@` time, if there is one, otherwise t) less the offset.
struct TimeShift {
  int64_t offset_ms = 0;  // Negative: into the future. Not set while offset_expr waits to be resolved.
  std::unique_ptr<DurationExpr> offset_expr;  // Null when the offset is a plain literal.
  std::optional<int64_t> at_ms;               // @ <timestamp>
  AtBound at_bound = AtBound::kNone;

  bool pinned() const { return at_ms.has_value() || at_bound != AtBound::kNone; }
  TimeShift clone() const;
};

struct VectorSelector final : Expr {
  static constexpr ExprKind kKind = ExprKind::kVectorSelector;
  std::string name;                    // The metric name before the braces or alone in quotes; "" for none.
  std::vector<LabelMatcher> matchers;  // In the order written; the one for `name` is last.
  TimeShift shift;
  RangeMode mode = RangeMode::kPlain;

  VectorSelector() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kVector; }
  ExprPtr clone() const override;
};

struct MatrixSelector final : Expr {
  static constexpr ExprKind kKind = ExprKind::kMatrixSelector;
  std::unique_ptr<VectorSelector> selector;  // Holds the modifiers, those behind the brackets too.
  int64_t range_ms = 0;                      // Not set while range_expr waits to be resolved.
  std::unique_ptr<DurationExpr> range_expr;  // Null when the range is a plain literal.

  MatrixSelector() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kMatrix; }
  ExprPtr clone() const override;
};

struct SubqueryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kSubquery;
  ExprPtr expr;  // An instant vector.
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
  int64_t step_ms = 0;  // 0: the engine's default.
  std::unique_ptr<DurationExpr> step_expr;
  TimeShift shift;

  SubqueryExpr() : Expr(kKind) {}
  ValueType type() const override { return ValueType::kMatrix; }
  ExprPtr clone() const override;
};

// ---- walking
// --------------------------------------------------------------------------------------------------------------

template <class Node>
Node& as(Expr& expr) {
  NIGHTLIGHT_DCHECK(expr.kind == Node::kKind, "a node of another kind");
  return static_cast<Node&>(expr);
}
template <class Node>
const Node& as(const Expr& expr) {
  NIGHTLIGHT_DCHECK(expr.kind == Node::kKind, "a node of another kind");
  return static_cast<const Node&>(expr);
}
// Null when `expr` is null or of another kind.
template <class Node>
const Node* as_if(const Expr* expr) {
  return expr != nullptr && expr->kind == Node::kKind ? static_cast<const Node*>(expr) : nullptr;
}
template <class Node>
Node* as_if(Expr* expr) {
  return expr != nullptr && expr->kind == Node::kKind ? static_cast<Node*>(expr) : nullptr;
}

// The children in the order in which they stand in the text; an aggregation's parameter comes before its expression.
std::vector<Expr*> children(Expr& expr);
std::vector<const Expr*> children(const Expr& expr);

// `expr` without the parentheses around it.
const Expr& without_parens(const Expr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_AST_H_
