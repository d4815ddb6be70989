#include "model/matcher.h"
#include "promql/go_text.h"
#include "promql/grammar.h"

namespace nightlight::promql {
namespace {

std::string_view documented_type(ValueType type) {
  static constexpr std::string_view kNames[] = {"scalar", "instant vector", "range vector", "string"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view short_type(ValueType type) {
  static constexpr std::string_view kNames[] = {"scalar", "vector", "matrix", "string"};
  return kNames[static_cast<size_t>(type)];
}

bool matches_empty(const LabelMatcher& matcher) {
  bool equal = matcher.op == MatchOp::kEqual || matcher.op == MatchOp::kNotEqual;
  bool positive = matcher.op == MatchOp::kEqual || matcher.op == MatchOp::kRegex;
  if (equal) return matcher.value.empty() == positive;
  auto compiled = nightlight::LabelMatcher::compile(MatchOp::kRegex, matcher.name, matcher.value);
  return (compiled.ok() && compiled->matches_empty()) == positive;
}

class Checker {
 public:
  explicit Checker(std::string_view query) : query_(query) {}

  // False after the first error.
  bool check(Expr& expr);

  std::optional<ParseError> error;

 private:
  bool fail(Span span, std::string message) {
    error = ParseError{span, std::move(message)};
    return false;
  }
  bool expect(Expr& expr, ValueType want, const std::string& where);
  bool binary(BinaryExpr& expr);
  bool matching(BinaryExpr& expr);
  bool call(Call& expr);
  bool arity(const Call& expr);
  bool second_of_info(Call& expr);
  bool selector(const VectorSelector& selector);
  Span operator_span(const BinaryExpr& expr) const;

  std::string_view query_;
  const Expr* may_match_all_ = nullptr;  // The selector that may select everything: the second argument of info().
};

bool Checker::check(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
      return true;
    case ExprKind::kParen:
      return check(*as<ParenExpr>(expr).expr);
    case ExprKind::kUnary: {
      auto& unary = as<UnaryExpr>(expr);
      if (!check(*unary.expr)) return false;
      ValueType type = unary.expr->type();
      if (type == ValueType::kScalar || type == ValueType::kVector) return true;
      return fail(expr.span, "unary expression only allowed on expressions of type scalar or instant vector, got \"" +
                                 std::string(documented_type(type)) + "\"");
    }
    case ExprKind::kBinary:
      return binary(as<BinaryExpr>(expr));
    case ExprKind::kAggregation: {
      auto& aggregation = as<AggregationExpr>(expr);
      if (!expect(*aggregation.expr, ValueType::kVector, "aggregation expression")) return false;
      if (aggregation.parameter == nullptr) return true;
      ValueType want = aggregation.op == AggregationOp::kCountValues ? ValueType::kString : ValueType::kScalar;
      return expect(*aggregation.parameter, want, "aggregation parameter");
    }
    case ExprKind::kCall:
      return call(as<Call>(expr));
    case ExprKind::kVectorSelector:
      return selector(as<VectorSelector>(expr));
    case ExprKind::kMatrixSelector:
      return selector(*as<MatrixSelector>(expr).selector);
    case ExprKind::kSubquery: {
      auto& subquery = as<SubqueryExpr>(expr);
      if (!check(*subquery.expr)) return false;
      ValueType type = subquery.expr->type();
      if (type == ValueType::kVector) return true;
      return fail(expr.span,
                  "subquery is only allowed on instant vector, got " + std::string(short_type(type)) + " instead");
    }
  }
  return true;
}

bool Checker::expect(Expr& expr, ValueType want, const std::string& where) {
  if (!check(expr)) return false;
  ValueType type = expr.type();
  if (type == want) return true;
  return fail(expr.span, "expected type " + std::string(documented_type(want)) + " in " + where + ", got " +
                             std::string(documented_type(type)));
}

Span Checker::operator_span(const BinaryExpr& expr) const {
  Span span{expr.lhs->span.end, expr.rhs->span.start};
  auto blank = [this](uint32_t i) { return std::string_view(" \t\n\r").find(query_[i]) != std::string_view::npos; };
  while (span.start < span.end && blank(span.start)) ++span.start;
  return span;
}

bool Checker::binary(BinaryExpr& expr) {
  if (!check(*expr.lhs) || !check(*expr.rhs)) return false;
  ValueType left = expr.lhs->type();
  ValueType right = expr.rhs->type();
  if (expr.return_bool && !is_comparison(expr.op)) {
    return fail(operator_span(expr), "bool modifier can only be used on comparison operators");
  }
  bool scalars = left == ValueType::kScalar && right == ValueType::kScalar;
  if (is_comparison(expr.op) && !expr.return_bool && scalars) {
    return fail(operator_span(expr), "comparisons between scalars must use BOOL modifier");
  }
  if (expr.matching->on) {
    for (const std::string& label : expr.matching->labels) {
      for (const std::string& included : expr.matching->include) {
        if (label == included) {
          return fail(operator_span(expr), "label " + quote(label) + " must not occur in ON and GROUP clause at once");
        }
      }
    }
  }
  for (const Expr* side : {expr.lhs.get(), expr.rhs.get()}) {
    if (side->type() != ValueType::kScalar && side->type() != ValueType::kVector) {
      return fail(side->span, "binary expression must contain only scalar and instant vector types");
    }
  }
  return matching(expr);
}

bool Checker::matching(BinaryExpr& expr) {
  const VectorMatching& matching = *expr.matching;
  bool fills = matching.fill_left.has_value() || matching.fill_right.has_value();
  bool vectors = expr.lhs->type() == ValueType::kVector && expr.rhs->type() == ValueType::kVector;
  std::string op(name_of(expr.op));
  if (!vectors) {
    if (!matching.labels.empty()) return fail(expr.span, "vector matching only allowed between instant vectors");
    if (fills) return fail(expr.span, "filling in missing series only allowed between instant vectors");
    expr.matching.reset();
  } else if (is_set_operator(expr.op)) {
    if (matching.cardinality != Cardinality::kManyToMany) {
      return fail(expr.span, "no grouping allowed for \"" + op + "\" operation");
    }
    if (fills) return fail(expr.span, "filling in missing series not allowed for set operators");
  }
  if (!vectors && is_set_operator(expr.op)) {
    return fail(expr.span, "set operator \"" + op + "\" not allowed in binary scalar expression");
  }
  return true;
}

bool Checker::arity(const Call& expr) {
  const FunctionSpec& function = *expr.function;
  size_t given = expr.arguments.size();
  size_t declared = function.arguments.size;
  size_t least = function.variadic == 0 ? declared : declared - 1;
  std::string wanted;
  if (function.variadic == 0 && given != declared) {
    wanted = std::to_string(declared);
  } else if (given < least) {
    wanted = "at least " + std::to_string(least);
  } else if (function.variadic > 0 && given > least + static_cast<size_t>(function.variadic)) {
    wanted = "at most " + std::to_string(least + static_cast<size_t>(function.variadic));
  } else {
    return true;
  }
  std::string_view name(function.name.data, function.name.size);
  return fail(expr.span,
              "expected " + wanted + " argument(s) in call to " + quote(name) + ", got " + std::to_string(given));
}

bool Checker::call(Call& expr) {
  if (!arity(expr)) return false;
  const FunctionSpec& function = *expr.function;
  std::string name = quote(std::string_view(function.name.data, function.name.size));
  if (name == "\"info\"" && expr.arguments.size() > 1 && !second_of_info(expr)) return false;
  for (size_t i = 0; i < expr.arguments.size(); ++i) {
    ValueType want = function.arguments[std::min<uint64_t>(i, function.arguments.size - 1)];
    if (!expect(*expr.arguments[i], want, "call to function " + name)) return false;
  }
  return true;
}

bool Checker::second_of_info(Call& expr) {
  const Expr& second = *expr.arguments[1];
  if (second.type() != ValueType::kVector) {
    return fail(expr.span, "expected type instant vector in call to function \"info\", got " +
                               std::string(documented_type(second.type())));
  }
  const auto* selector = as_if<VectorSelector>(&second);
  if (selector == nullptr) return fail(second.span, "expected label selectors only");
  if (!selector->name.empty()) return fail(second.span, "expected label selectors only, got vector selector instead");
  may_match_all_ = selector;
  return true;
}

bool Checker::selector(const VectorSelector& selector) {
  if (!selector.name.empty()) {
    for (size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
      const LabelMatcher& matcher = selector.matchers[i];
      if (matcher.name == "__name__") {
        return fail(selector.span,
                    "metric name must not be set twice: " + quote(selector.name) + " or " + quote(matcher.value));
      }
    }
    return true;
  }
  if (&selector == may_match_all_) return true;
  for (const LabelMatcher& matcher : selector.matchers) {
    if (!matches_empty(matcher)) return true;
  }
  return fail(selector.span, "vector selector must contain at least one non-empty matcher");
}

}  // namespace

std::string regex_error(const std::string& regex) {
  auto compiled = compile_anchored(regex);
  return compiled.ok() ? std::string() : compiled.error().message;
}

std::optional<ParseError> check_types(Expr& expr, std::string_view query) {
  Checker checker(query);
  checker.check(expr);
  return std::move(checker.error);
}

}  // namespace nightlight::promql
