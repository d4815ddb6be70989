// PromQL text -> tokens, one at a time.
//
// Which characters are legal depends on where they stand (in braces, in brackets, elsewhere); the lexer follows that
// itself, so the parser only asks for the next token. A token of kind kError ends the text; its message is then in
// `error()`.
#ifndef NIGHTLIGHT_PROMQL_LEXER_H_
#define NIGHTLIGHT_PROMQL_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "promql/ast.h"

namespace nightlight::promql {

enum class TokenKind : uint8_t {
  kError,
  kEof,
  kIdentifier,        // Without a colon.
  kMetricIdentifier,  // With one.
  kString,            // Still quoted.
  kNumber,
  kDuration,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,  // =
  // Operators: keep the order of BinaryOp.
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
  kTrimUpper,
  kTrimLower,
  kAnd,
  kOr,
  kUnless,
  kRegexMatch,
  kRegexNotMatch,
  kAt,
  // Aggregations: keep the order of AggregationOp.
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
  // Keywords
  kBool,
  kBy,
  kGroupLeft,
  kGroupRight,
  kIgnoring,
  kOffset,
  kOn,
  kWithout,
  kAnchored,
  kSmoothed,
  kFill,
  kFillLeft,
  kFillRight,
  // Words that are functions to some and keywords to others.
  kStart,
  kEnd,
  kStep,
  kRange,
  kMinOf,
  kMaxOf,
};

constexpr bool is_binary_operator(TokenKind kind) { return kind >= TokenKind::kAdd && kind <= TokenKind::kUnless; }
constexpr bool is_aggregation(TokenKind kind) { return kind >= TokenKind::kSum && kind <= TokenKind::kLimitRatio; }
constexpr bool is_keyword(TokenKind kind) { return kind >= TokenKind::kBool && kind <= TokenKind::kFillRight; }

struct Token {
  TokenKind kind = TokenKind::kEof;
  Span span;
  std::string_view text;  // Borrowed from the query.
};

// How error texts name a token: `identifier "foo"`, `<by>`, `<op:+>`, `end of input`.
std::string describe(const Token& token);

class Lexer {
 public:
  // `text` outlives the lexer and its tokens.
  Lexer(std::string_view text, bool unquoted_utf8_names) : text_(text), utf8_names_(unquoted_utf8_names) {}

  Token next();
  // Of a kError token that was returned.
  const std::string& error() const { return error_; }

 private:
  static constexpr uint32_t kEnd = 0xffffffff;  // What peek_rune and next_rune say at the end.

  Token in_statement();
  Token in_braces();
  Token in_duration();
  Token duration_word(uint32_t first, std::string otherwise);
  Token bracket_colon();
  Token word();
  Token label_word();
  Token quoted(uint32_t quote);
  Token raw_string();
  bool escape(uint32_t quote);
  Token number_or_duration();
  bool scan_number();
  bool scan_duration_rest();
  Token close_paren();

  uint32_t peek_rune() const;
  uint32_t next_rune();
  char peek_byte(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool accept(std::string_view set);
  void skip_blank();
  bool name_rune(uint32_t rune, bool first, bool label) const;
  Token make(TokenKind kind) const;
  Token fail(std::string message);

  std::string_view text_;
  bool utf8_names_;
  size_t start_ = 0;  // Of the token that is being read.
  size_t at_ = 0;
  int paren_depth_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool got_duration_ = false;  // In brackets: something that may stand before the colon.
  bool got_colon_ = false;
  bool duration_state_ = false;  // The next token is read as part of a duration expression.
  std::string error_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_LEXER_H_
