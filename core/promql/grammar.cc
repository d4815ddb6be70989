#include "promql/grammar.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "promql/duration_expr.h"
#include "promql/go_text.h"

namespace nightlight::promql {
namespace {

constexpr int kUnaryPrecedence = 5;  // Like *, so that -a^2 is -(a^2) and -a*b is (-a)*b.

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

// Words that are keywords somewhere may still be names.
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

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    auto [rune, size] = decode_rune(text);
    if (rune == kRuneError && size == 1) return false;
    text.remove_prefix(size);
  }
  return true;
}

constexpr double kLargestDuration = 9223372036.854775807;  // Seconds, as nanoseconds in an int64.

}  // namespace

// ---- tokens and errors
// ----------------------------------------------------------------------------------------------------

const Token& Grammar::peek() {
  if (!peeked_) {
    next_ = lexer_.next();
    peeked_ = true;
    if (next_.kind == TokenKind::kError) fail(next_.span, lexer_.error());
  }
  return next_;
}

Token Grammar::take() {
  Token token = peek();
  if (token.kind != TokenKind::kEof && token.kind != TokenKind::kError) peeked_ = false;
  last_end_ = token.span.end;
  return token;
}

bool Grammar::take_if(TokenKind kind) {
  if (peek().kind != kind) return false;
  take();
  return true;
}

std::nullptr_t Grammar::fail(Span span, std::string message) {
  if (!error_) error_ = ParseError{span, std::move(message)};
  return nullptr;
}

std::nullptr_t Grammar::unexpected() {
  return context_ == nullptr ? unexpected("", "") : unexpected(context_->in_, context_->expected_);
}

std::nullptr_t Grammar::unexpected(std::string_view in, std::string_view expected) {
  std::string message = "unexpected " + describe(peek());
  if (!in.empty()) message.append(" in ").append(in);
  if (!expected.empty()) message.append(", expected ").append(expected);
  return fail(next_.span, std::move(message));
}

bool Grammar::enter() {
  if (++depth_ <= kMaxDepth) return true;
  fail(peek().span, kTooDeep);
  return false;
}

// Notes the height of the tree that is about to be returned.
bool Grammar::grow(int height) {
  height_ = height;
  if (height <= kMaxDepth) return true;
  fail(peek().span, kTooDeep);
  return false;
}

// ---- expressions
// ----------------------------------------------------------------------------------------------------------

ExprPtr Grammar::expression() {
  if (peek().kind == TokenKind::kEof) {
    error_ = ParseError{{}, "no expression found in input"};
    return nullptr;
  }
  ExprPtr expr = binary(1);
  if (expr != nullptr && peek().kind != TokenKind::kEof) unexpected();
  return failed() ? nullptr : std::move(expr);
}

std::unique_ptr<VectorSelector> Grammar::selector() {
  if (may_be_metric_name(peek().kind)) {
    auto selector = vector_selector(take());
    if (selector != nullptr && peek().kind != TokenKind::kEof) unexpected();
    return failed() ? nullptr : std::move(selector);
  }
  if (peek().kind != TokenKind::kLeftBrace) return unexpected();
  auto selector = vector_selector(Token{TokenKind::kEof, {next_.span.start, next_.span.start}, ""});
  if (selector != nullptr && peek().kind != TokenKind::kEof) unexpected();
  return failed() ? nullptr : std::move(selector);
}

ExprPtr Grammar::binary(int min_precedence) {
  Depth depth(*this);
  if (!depth.ok()) return nullptr;
  ExprPtr lhs = unary();
  while (lhs != nullptr) {
    TokenKind kind = peek().kind;
    int level = precedence(kind);
    if (level < min_precedence || level == 0) break;
    take();
    auto expr = std::make_unique<BinaryExpr>();
    expr->op = binary_op(kind);
    int lhs_height = height_;
    if (!binary_modifiers(*expr)) return nullptr;
    expr->rhs = binary(kind == TokenKind::kPow ? level : level + 1);
    if (expr->rhs == nullptr || !grow(std::max(lhs_height, height_) + 1)) return nullptr;
    expr->span = {lhs->span.start, expr->rhs->span.end};
    bool fills = expr->matching->fill_left || expr->matching->fill_right;
    if (fills && !options_.fill_modifiers) {
      return fail(expr->span, "binop fill modifiers are experimental and not enabled");
    }
    expr->lhs = std::move(lhs);
    lhs = std::move(expr);
  }
  return failed() ? nullptr : std::move(lhs);
}

bool Grammar::binary_modifiers(BinaryExpr& expr) {
  VectorMatching matching;
  if (is_set_operator(expr.op)) matching.cardinality = Cardinality::kManyToMany;
  expr.return_bool = take_if(TokenKind::kBool);
  TokenKind kind = peek().kind;
  if (kind == TokenKind::kOn || kind == TokenKind::kIgnoring) {
    take();
    matching.on = kind == TokenKind::kOn;
    auto labels = grouping_labels();
    if (!labels) return false;
    matching.labels = std::move(*labels);
    kind = peek().kind;
    if (kind == TokenKind::kGroupLeft || kind == TokenKind::kGroupRight) {
      take();
      matching.cardinality = kind == TokenKind::kGroupLeft ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      // What cannot be a list here may be the right operand: a metric, or one in parentheses after all.
      bool operand = peek().kind != TokenKind::kLeftParen && may_begin_expression(peek().kind);
      if (!operand) {
        auto include = grouping_labels();
        if (!include) return false;
        matching.include = std::move(*include);
      }
    }
  }
  kind = peek().kind;
  bool right_first = kind == TokenKind::kFillRight;
  if (kind == TokenKind::kFill) {
    take();
    if (!fill_value(&matching.fill_left)) return false;
    matching.fill_right = matching.fill_left;
  } else if (kind == TokenKind::kFillLeft || right_first) {
    take();
    if (!fill_value(right_first ? &matching.fill_right : &matching.fill_left)) return false;
    if (take_if(right_first ? TokenKind::kFillLeft : TokenKind::kFillRight)) {
      if (!fill_value(right_first ? &matching.fill_left : &matching.fill_right)) return false;
    }
  }
  expr.matching = std::move(matching);
  return !failed();
}

bool Grammar::fill_value(std::optional<double>* out) {
  take();  // The lexer saw a parenthesis when it made a keyword of the word.
  bool negative = false;
  if (is_sign(peek().kind)) negative = take().kind == TokenKind::kSub;
  if (peek().kind != TokenKind::kNumber && peek().kind != TokenKind::kDuration) return unexpected(), false;
  std::optional<double> value = literal_value(take());
  if (!value) return false;
  *out = negative ? -*value : *value;
  if (!take_if(TokenKind::kRightParen)) unexpected();
  return !failed();
}

ExprPtr Grammar::unary() {
  if (!is_sign(peek().kind)) return postfix(primary());
  Depth depth(*this);
  if (!depth.ok()) return nullptr;
  Token sign = take();
  ExprPtr operand = binary(kUnaryPrecedence + 1);
  if (operand == nullptr) return nullptr;
  if (operand->kind == ExprKind::kNumber) {
    auto& number = as<NumberLiteral>(*operand);
    if (sign.kind == TokenKind::kSub) number.value = -number.value;
    number.span.start = sign.span.start;
    return operand;
  }
  if (!grow(height_ + 1)) return nullptr;
  auto expr = std::make_unique<UnaryExpr>();
  expr->span = {sign.span.start, operand->span.end};
  expr->negative = sign.kind == TokenKind::kSub;
  expr->expr = std::move(operand);
  return expr;
}

ExprPtr Grammar::postfix(ExprPtr expr) {
  while (expr != nullptr) {
    switch (peek().kind) {
      case TokenKind::kLeftBracket:
        expr = bracket(std::move(expr));
        break;
      case TokenKind::kAt:
        expr = at_modifier(std::move(expr));
        break;
      case TokenKind::kOffset:
        expr = offset_modifier(std::move(expr));
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        expr = extended_modifier(std::move(expr));
        break;
      default:
        return failed() ? nullptr : std::move(expr);
    }
  }
  return nullptr;
}

ExprPtr Grammar::primary() {
  height_ = 1;
  switch (peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return number();
    case TokenKind::kString: {
      auto literal = std::make_unique<StringLiteral>();
      Token token = take();
      literal->span = token.span;
      literal->value = unquote(token.text);
      return literal;
    }
    case TokenKind::kLeftParen:
      return paren();
    case TokenKind::kLeftBrace:
      return vector_selector(Token{TokenKind::kEof, {next_.span.start, next_.span.start}, ""});
    default:
      return may_be_metric_name(next_.kind) ? name_or_call() : ExprPtr(unexpected());
  }
}

ExprPtr Grammar::paren() {
  Token open = take();
  auto expr = std::make_unique<ParenExpr>();
  expr->expr = binary(1);
  if (expr->expr == nullptr) return nullptr;
  if (!take_if(TokenKind::kRightParen)) return unexpected();
  if (!grow(height_ + 1)) return nullptr;
  expr->span = {open.span.start, last_end_};
  return expr;
}

ExprPtr Grammar::number() {
  auto literal = std::make_unique<NumberLiteral>();
  Token token = take();
  std::optional<double> value = literal_value(token);
  if (!value) return nullptr;
  literal->span = token.span;
  literal->value = *value;
  literal->written_as_duration = token.kind == TokenKind::kDuration;
  return literal;
}

std::optional<double> Grammar::literal_value(const Token& token) {
  Result<double> value =
      token.kind == TokenKind::kDuration ? parse_duration_seconds(token.text) : parse_number(token.text);
  if (value.ok()) return *value;
  fail(token.span, value.error().message);
  return std::nullopt;
}

ExprPtr Grammar::name_or_call() {
  Token name = take();
  TokenKind next = peek().kind;
  if (next == TokenKind::kError) return nullptr;
  if (is_aggregation(name.kind) &&
      (next == TokenKind::kLeftParen || next == TokenKind::kBy || next == TokenKind::kWithout)) {
    return aggregation(name);
  }
  bool callable = name.kind == TokenKind::kIdentifier || name.kind >= TokenKind::kStart;
  if (callable && next == TokenKind::kLeftParen) return call(name);
  return vector_selector(name);
}

ExprPtr Grammar::call(const Token& name) {
  auto expr = std::make_unique<Call>();
  if (!call_body(&expr->arguments)) return nullptr;
  expr->span = {name.span.start, last_end_};
  expr->function = functions_.find(name.text);
  if (expr->function == nullptr) return fail(name.span, "unknown function with name " + quote(name.text));
  if ((expr->function->flags & kExperimental) != 0 && !options_.experimental_functions) {
    return fail(name.span, "function " + quote(name.text) + " is not enabled");
  }
  return expr;
}

bool Grammar::call_body(std::vector<ExprPtr>* out) {
  if (!take_if(TokenKind::kLeftParen)) return unexpected(), false;
  int height = 0;
  while (peek().kind != TokenKind::kRightParen || !out->empty()) {
    ExprPtr argument = binary(1);
    if (argument == nullptr) return false;
    out->push_back(std::move(argument));
    height = std::max(height, height_);
    if (peek().kind != TokenKind::kComma) break;
    Token comma = take();
    if (peek().kind != TokenKind::kError && !may_begin_expression(next_.kind)) {
      return fail(comma.span, "trailing commas not allowed in function call args"), false;
    }
  }
  if (!take_if(TokenKind::kRightParen)) return unexpected(), false;
  return grow(height + 1);
}

ExprPtr Grammar::aggregation(const Token& name) {
  auto expr = std::make_unique<AggregationExpr>();
  expr->op = aggregation_op(name.kind);
  std::vector<ExprPtr> arguments;
  auto modifier = [this, &expr] {
    TokenKind kind = peek().kind;
    if (kind != TokenKind::kBy && kind != TokenKind::kWithout) return !failed();
    take();
    expr->without = kind == TokenKind::kWithout;
    auto labels = grouping_labels();
    if (labels) expr->grouping = std::move(*labels);
    return labels.has_value();
  };
  {
    Context context(*this, "aggregation", "");
    bool modifier_first = peek().kind != TokenKind::kLeftParen;
    if (!modifier() || !call_body(&arguments)) return nullptr;
    if (!modifier_first && !modifier()) return nullptr;
  }
  expr->span = {name.span.start, last_end_};
  size_t wanted = has_parameter(expr->op) ? 2 : 1;
  if (arguments.empty()) return fail(expr->span, "no arguments for aggregate expression provided");
  if (arguments.size() != wanted) {
    return fail(expr->span, "wrong number of arguments for aggregate expression provided, expected " +
                                std::to_string(wanted) + ", got " + std::to_string(arguments.size()));
  }
  bool experimental = expr->op == AggregationOp::kLimitk || expr->op == AggregationOp::kLimitRatio;
  if (experimental && !options_.experimental_functions) {
    return fail(expr->span,
                std::string(name_of(expr->op)) +
                    "() is experimental and must be enabled with --enable-feature=promql-experimental-functions");
  }
  expr->expr = std::move(arguments.back());
  if (wanted == 2) expr->parameter = std::move(arguments.front());
  return expr;
}

std::optional<std::vector<std::string>> Grammar::grouping_labels() {
  constexpr std::string_view kIn = "grouping opts";
  if (!take_if(TokenKind::kLeftParen)) return unexpected(kIn, "\"(\""), std::nullopt;
  std::vector<std::string> labels;
  while (peek().kind != TokenKind::kRightParen) {
    Token label = peek();
    bool string = label.kind == TokenKind::kString;
    if (!string && !may_be_grouping_label(label.kind)) return unexpected(kIn, "label"), std::nullopt;
    take();
    std::string name = string ? unquote(label.text) : std::string(label.text);
    bool colon = options_.unquoted_utf8_names && label.kind == TokenKind::kMetricIdentifier;
    if (name.empty() || !valid_utf8(name) || colon) {
      return fail(label.span, "invalid label name for grouping: " + quote(name)), std::nullopt;
    }
    labels.push_back(std::move(name));
    if (!take_if(TokenKind::kComma) && peek().kind != TokenKind::kRightParen) {
      return unexpected(kIn, "\",\" or \")\""), std::nullopt;
    }
  }
  take();
  if (failed()) return std::nullopt;
  return labels;
}

// ---- selectors
// ------------------------------------------------------------------------------------------------------------

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

// ---- ranges and durations
// -------------------------------------------------------------------------------------------------

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
