// Selectors, and what may stand behind them or a subquery: ranges, offsets, `@`, extended ranges.
#include <cmath>
#include <cstdio>

#include "promql/duration_expr.h"
#include "promql/go_text.h"
#include "promql/grammar.h"
#include "promql/token_roles.h"

namespace nightlight::promql {

// `name` is the token before the braces, kEof for none.
std::unique_ptr<VectorSelector> Grammar::vector_selector(Token name) {
  auto selector = std::make_unique<VectorSelector>();
  selector->name = std::string(name.text);
  if (take_if(TokenKind::kLeftBrace) && !matchers(*selector)) return nullptr;
  if (!selector->name.empty()) selector->matchers.push_back({MatchOp::kEqual, "__name__", selector->name});
  selector->span = {name.span.start, last_end_};
  return failed() ? nullptr : std::move(selector);
}

bool Grammar::matchers(VectorSelector& selector) {
  constexpr std::string_view kIn = "label matching";
  while (peek().kind != TokenKind::kRightBrace) {
    if (!one_matcher(selector)) return false;
    if (!take_if(TokenKind::kComma) && peek().kind != TokenKind::kRightBrace) {
      return unexpected(kIn, "\",\" or \"}\""), false;
    }
  }
  take();
  return !failed();
}

bool Grammar::one_matcher(VectorSelector& selector) {
  constexpr std::string_view kIn = "label matching";
  Token name = peek();
  bool string = name.kind == TokenKind::kString;
  if (!string && name.kind != TokenKind::kIdentifier) return unexpected(kIn, "identifier or \"}\""), false;
  take();
  LabelMatcher matcher;
  matcher.name = string ? unquote(name.text) : std::string(name.text);
  switch (peek().kind) {
    case TokenKind::kAssign:
      break;
    case TokenKind::kNotEqual:
      matcher.op = MatchOp::kNotEqual;
      break;
    case TokenKind::kRegexMatch:
      matcher.op = MatchOp::kRegex;
      break;
    case TokenKind::kRegexNotMatch:
      matcher.op = MatchOp::kNotRegex;
      break;
    default:
      if (!string) return unexpected(kIn, "label matching operator"), false;
      selector.matchers.push_back({MatchOp::kEqual, "__name__", std::move(matcher.name)});
      return !failed();
  }
  take();
  if (peek().kind != TokenKind::kString) return unexpected(kIn, "string"), false;
  matcher.value = unquote(take().text);
  if (matcher.op == MatchOp::kRegex || matcher.op == MatchOp::kNotRegex) {
    if (std::string why = regex_error(matcher.value); !why.empty()) return fail(name.span, std::move(why)), false;
  }
  selector.matchers.push_back(std::move(matcher));
  return true;
}

ExprPtr Grammar::at_modifier(ExprPtr expr) {
  Context context(*this, "@", "timestamp");
  take();
  std::optional<double> seconds;
  AtBound bound = AtBound::kNone;
  if (peek().kind == TokenKind::kStart || peek().kind == TokenKind::kEnd) {
    bound = take().kind == TokenKind::kStart ? AtBound::kStart : AtBound::kEnd;
    if (!take_if(TokenKind::kLeftParen) || !take_if(TokenKind::kRightParen)) return unexpected();
  } else {
    bool negative = false;
    if (is_sign(peek().kind)) negative = take().kind == TokenKind::kSub;
    if (peek().kind != TokenKind::kNumber && peek().kind != TokenKind::kDuration) return unexpected();
    seconds = literal_value(take());
    if (!seconds) return nullptr;
    if (negative) *seconds = -*seconds;
  }
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (seconds && (!std::isfinite(*seconds) || std::fabs(*seconds) >= kTwoTo63)) {
    char text[400];
    std::snprintf(text, sizeof text, "%+f", *seconds);
    std::string number = std::isnan(*seconds) ? "NaN" : std::isinf(*seconds) ? (*seconds > 0 ? "+Inf" : "-Inf") : text;
    if (number.front() == '+' && std::isfinite(*seconds)) number.erase(0, 1);
    return fail(expr->span, "timestamp out of bounds for @ modifier: " + number);
  }
  TimeShift* shift = shift_of(*expr);
  if (shift == nullptr) {
    return fail(expr->span,
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  }
  if (shift->pinned()) return fail(expr->span, "@ <timestamp> may not be set multiple times");
  shift->at_bound = bound;
  if (seconds) {
    double ms = std::round(*seconds * 1000);
    // Beyond the range Prometheus gets what its machine's conversion yields: the smallest integer.
    shift->at_ms = std::fabs(ms) < kTwoTo63 ? static_cast<int64_t>(ms) : std::numeric_limits<int64_t>::min();
  }
  expr->span.end = last_end_;
  return expr;
}

ExprPtr Grammar::extended_modifier(ExprPtr expr) {
  Token word = take();
  bool anchored = word.kind == TokenKind::kAnchored;
  std::string name = anchored ? "anchored" : "smoothed";
  VectorSelector* selector = as_if<VectorSelector>(expr.get());
  if (auto* matrix = as_if<MatrixSelector>(expr.get())) selector = matrix->selector.get();
  if (expr->kind == ExprKind::kSubquery) return fail(expr->span, name + " modifier is not supported for subqueries");
  if (selector == nullptr) return fail(expr->span, name + " modifier not implemented");
  RangeMode mode = anchored ? RangeMode::kAnchored : RangeMode::kSmoothed;
  if (selector->mode != RangeMode::kPlain && selector->mode != mode) {
    return fail(expr->span, "anchored and smoothed modifiers cannot be used together");
  }
  selector->mode = mode;
  expr->span.end = last_end_;
  return expr;
}

TimeShift* Grammar::shift_of(Expr& expr) {
  if (auto* selector = as_if<VectorSelector>(&expr)) return &selector->shift;
  if (auto* matrix = as_if<MatrixSelector>(&expr)) return &matrix->selector->shift;
  if (auto* subquery = as_if<SubqueryExpr>(&expr)) return &subquery->shift;
  return nullptr;
}

ExprPtr Grammar::bracket(ExprPtr expr) {
  Token open = take();
  DurationPtr range;
  {
    Context context(*this, "subquery or range selector", "number, duration, step(), or range()");
    range = positive_duration();
  }
  if (range == nullptr) return nullptr;
  if (take_if(TokenKind::kRightBracket))
    return matrix_selector(std::move(expr), {open.span.start, last_end_}, std::move(range));
  if (!take_if(TokenKind::kColon)) return unexpected("subquery or range", "\":\" or \"]\"");
  auto subquery = std::make_unique<SubqueryExpr>();
  if (peek().kind != TokenKind::kRightBracket) {
    DurationPtr step;
    {
      Context context(*this, "subquery selector", "number, duration, step(), range(), or \"]\"");
      step = positive_duration();
    }
    if (step == nullptr) return nullptr;
    if (peek().kind != TokenKind::kRightBracket) return unexpected("subquery selector", "\"]\"");
    bool literal = step->op == DurationOp::kNumber;
    Span span = step->span;
    set_duration(std::move(step), &subquery->step_ms, &subquery->step_expr);
    if (literal && subquery->step_ms == 0) return fail(span, "subquery step must be at least 1ms");
  }
  take();
  set_duration(std::move(range), &subquery->range_ms, &subquery->range_expr);
  subquery->span = {expr->span.start, last_end_};
  subquery->expr = std::move(expr);
  if (!grow(height_ + 1)) return nullptr;
  return subquery;
}

ExprPtr Grammar::matrix_selector(ExprPtr expr, Span brackets, DurationPtr range) {
  auto* selector = as_if<VectorSelector>(expr.get());
  if (selector == nullptr) return fail(brackets, "ranges only allowed for vector selectors");
  if (selector->shift.offset_ms != 0 || selector->shift.offset_expr != nullptr) {
    return fail(brackets, "no offset modifiers allowed before range");
  }
  if (selector->shift.pinned()) return fail(brackets, "no @ modifiers allowed before range");
  auto matrix = std::make_unique<MatrixSelector>();
  set_duration(std::move(range), &matrix->range_ms, &matrix->range_expr);
  matrix->span = {selector->span.start, last_end_};
  expr.release();
  matrix->selector.reset(selector);
  if (!grow(height_ + 1)) return nullptr;
  return matrix;
}

// A plain literal becomes the value, anything else stays an expression.
void Grammar::set_duration(DurationPtr duration, int64_t* value_ms, DurationPtr* expr) {
  if (duration->op == DurationOp::kNumber) {
    *value_ms = duration_to_ms(duration->number);
  } else {
    *expr = std::move(duration);
  }
}

ExprPtr Grammar::offset_modifier(ExprPtr expr) {
  take();
  DurationPtr offset;
  {
    Context context(*this, "offset", "number, duration, step(), or range()");
    duration_nodes_ = 0;
    offset = offset_duration();
  }
  if (offset == nullptr) return nullptr;
  TimeShift* shift = shift_of(*expr);
  if (shift == nullptr) {
    return fail(
        expr->span,
        "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  }
  if (shift->offset_ms != 0 || shift->offset_expr != nullptr)
    return fail(expr->span, "offset may not be set multiple times");
  set_duration(std::move(offset), &shift->offset_ms, &shift->offset_expr);
  expr->span.end = last_end_;
  return expr;
}

}  // namespace nightlight::promql
