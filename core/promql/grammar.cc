#include "promql/grammar.h"

#include "base/utf8.h"
#include "promql/go_text.h"
#include "promql/token_roles.h"

namespace nightlight::promql {

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
    if (name.empty() || !is_utf8(name) || colon) {
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

}  // namespace nightlight::promql
