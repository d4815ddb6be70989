#include "promql/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "promql/go_text.h"

namespace nightlight::promql {
namespace {

constexpr std::pair<std::string_view, TokenKind> kWords[] = {
    {"and", TokenKind::kAnd},
    {"or", TokenKind::kOr},
    {"unless", TokenKind::kUnless},
    {"atan2", TokenKind::kAtan2},
    {"sum", TokenKind::kSum},
    {"avg", TokenKind::kAvg},
    {"count", TokenKind::kCount},
    {"min", TokenKind::kMin},
    {"max", TokenKind::kMax},
    {"group", TokenKind::kGroup},
    {"stddev", TokenKind::kStddev},
    {"stdvar", TokenKind::kStdvar},
    {"topk", TokenKind::kTopk},
    {"bottomk", TokenKind::kBottomk},
    {"count_values", TokenKind::kCountValues},
    {"quantile", TokenKind::kQuantile},
    {"limitk", TokenKind::kLimitk},
    {"limit_ratio", TokenKind::kLimitRatio},
    {"bool", TokenKind::kBool},
    {"by", TokenKind::kBy},
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"ignoring", TokenKind::kIgnoring},
    {"offset", TokenKind::kOffset},
    {"on", TokenKind::kOn},
    {"without", TokenKind::kWithout},
    {"anchored", TokenKind::kAnchored},
    {"smoothed", TokenKind::kSmoothed},
    {"fill", TokenKind::kFill},
    {"fill_left", TokenKind::kFillLeft},
    {"fill_right", TokenKind::kFillRight},
    {"start", TokenKind::kStart},
    {"end", TokenKind::kEnd},
    {"step", TokenKind::kStep},
    {"range", TokenKind::kRange},
    {"min_of", TokenKind::kMinOf},
    {"max_of", TokenKind::kMaxOf},
    {"inf", TokenKind::kNumber},
    {"nan", TokenKind::kNumber},
};

constexpr bool is_blank(uint32_t rune) { return rune == ' ' || rune == '\t' || rune == '\n' || rune == '\r'; }
constexpr bool is_digit(uint32_t rune) { return rune >= '0' && rune <= '9'; }
constexpr bool is_alpha(uint32_t rune) {
  return rune == '_' || (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
}
constexpr bool is_alphanumeric(uint32_t rune) { return is_alpha(rune) || is_digit(rune); }

// kIdentifier when it is no keyword.
TokenKind keyword(std::string_view word) {
  constexpr size_t kLongest = 12;
  if (word.size() > kLongest) return TokenKind::kIdentifier;
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  for (const auto& [name, kind] : kWords) {
    if (lower == name) return kind;
  }
  return TokenKind::kIdentifier;
}

}  // namespace

std::string describe(const Token& token) {
  std::string text(token.text);
  if (token.kind == TokenKind::kEof) return "end of input";
  if (is_keyword(token.kind)) return "<" + text + ">";
  if (token.kind >= TokenKind::kAdd && token.kind <= TokenKind::kAt) return "<op:" + text + ">";
  if (is_aggregation(token.kind)) return "<aggr:" + text + ">";
  constexpr size_t kLongest = 10;  // Runes, unless it is a name.
  std::string quoted;
  bool name = token.kind == TokenKind::kIdentifier || token.kind == TokenKind::kMetricIdentifier;
  if (name || text.size() <= kLongest) {
    quoted = quote(text);
  } else {
    size_t end = 0;
    for (size_t runes = 0; runes < kLongest && end < text.size(); ++runes) {
      end += decode_rune(token.text.substr(end)).size_bytes;
    }
    quoted = quote(token.text.substr(0, end)) + "...";
  }
  switch (token.kind) {
    case TokenKind::kIdentifier:
      return "identifier " + quoted;
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + quoted;
    case TokenKind::kString:
      return "string " + quoted;
    case TokenKind::kNumber:
      return "number " + quoted;
    case TokenKind::kDuration:
      return "duration " + quoted;
    default:
      return quoted;
  }
}

uint32_t Lexer::peek_rune() const { return at_ < text_.size() ? decode_rune(text_.substr(at_)).value : kEnd; }

uint32_t Lexer::next_rune() {
  if (at_ >= text_.size()) return kEnd;
  auto [rune, size] = decode_rune(text_.substr(at_));
  at_ += size;
  return rune;
}

bool Lexer::accept(std::string_view set) {
  if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
  ++at_;
  return true;
}

void Lexer::skip_blank() {
  while (at_ < text_.size() && is_blank(static_cast<unsigned char>(text_[at_]))) ++at_;
}

Token Lexer::make(TokenKind kind) const {
  return Token{kind, {static_cast<uint32_t>(start_), static_cast<uint32_t>(at_)}, text_.substr(start_, at_ - start_)};
}

Token Lexer::fail(std::string message) {
  error_ = std::move(message);
  return make(TokenKind::kError);
}

Token Lexer::next() {
  while (true) {
    skip_blank();
    bool comment = !in_braces_ && !duration_state_ && peek_byte() == '#';
    if (!comment) break;
    at_ = std::min(text_.find('\n', at_), text_.size());
  }
  start_ = at_;
  if (in_braces_) return in_braces();
  return duration_state_ ? in_duration() : in_statement();
}

Token Lexer::in_statement() {
  uint32_t rune = next_rune();
  auto either = [this](char second, TokenKind both, TokenKind one) {
    if (peek_byte() != second) return make(one);
    ++at_;
    return make(both);
  };
  switch (rune) {
    case kEnd:
      if (paren_depth_ != 0) return fail("unclosed left parenthesis");
      if (in_brackets_) return fail("unclosed left bracket");
      return make(TokenKind::kEof);
    case ',':
      return make(TokenKind::kComma);
    case '*':
      return make(TokenKind::kMul);
    case '/':
      return make(TokenKind::kDiv);
    case '%':
      return make(TokenKind::kMod);
    case '+':
      return make(TokenKind::kAdd);
    case '-':
      return make(TokenKind::kSub);
    case '^':
      return make(TokenKind::kPow);
    case '@':
      return make(TokenKind::kAt);
    case '=':
      if (peek_byte() == '~') return fail("unexpected character after '=': '~'");
      return either('=', TokenKind::kEqual, TokenKind::kAssign);
    case '!': {
      uint32_t second = next_rune();
      if (second == '=') return make(TokenKind::kNotEqual);
      return fail("unexpected character after '!': " + quote_rune(second));
    }
    case '<':
      if (peek_byte() == '/') return either('/', TokenKind::kTrimUpper, TokenKind::kLess);
      return either('=', TokenKind::kLessOrEqual, TokenKind::kLess);
    case '>':
      if (peek_byte() == '/') return either('/', TokenKind::kTrimLower, TokenKind::kGreater);
      return either('=', TokenKind::kGreaterOrEqual, TokenKind::kGreater);
    case '"':
    case '\'':
      return quoted(rune);
    case '`':
      return raw_string();
    case '(':
      ++paren_depth_;
      return make(TokenKind::kLeftParen);
    case ')':
      return close_paren();
    case '{':
      in_braces_ = true;
      return make(TokenKind::kLeftBrace);
    case '[':
      if (in_brackets_) return fail("unexpected left bracket '['");
      in_brackets_ = duration_state_ = true;
      got_duration_ = got_colon_ = false;
      return make(TokenKind::kLeftBracket);
    case ']':
      if (!in_brackets_) return fail("unexpected right bracket ']'");
      in_brackets_ = false;
      return make(TokenKind::kRightBracket);
    default:
      break;
  }
  if (is_digit(rune) || (rune == '.' && is_digit(static_cast<unsigned char>(peek_byte())))) {
    at_ = start_;
    return number_or_duration();
  }
  if (in_brackets_ && rune == ':') {
    if (got_colon_) return fail("unexpected colon ':'");
    got_colon_ = true;
    return make(TokenKind::kColon);
  }
  if (name_rune(rune, true, false)) {
    if (in_brackets_) return duration_word(rune, "unexpected character: " + quote_rune(rune) + ", expected ':'");
    at_ = start_;
    return word();
  }
  return fail("unexpected character: " + quote_rune(rune));
}

Token Lexer::close_paren() {
  if (--paren_depth_ >= 0) return make(TokenKind::kRightParen);
  start_ = at_;
  return fail("unexpected right parenthesis ')'");
}

bool Lexer::name_rune(uint32_t rune, bool first, bool label) const {
  if (rune == kEnd) return false;
  if (is_alpha(rune) || (!first && is_digit(rune)) || (!label && rune == ':')) return true;
  return utf8_names_ && ((!first && rune == '.') || (rune >= 0x80 && is_letter(rune)));
}

Token Lexer::word() {
  while (name_rune(peek_rune(), at_ == start_, false)) next_rune();
  Token token = make(TokenKind::kIdentifier);
  if (token.text.find(':') != std::string_view::npos) token.kind = TokenKind::kMetricIdentifier;
  TokenKind kind = keyword(token.text);
  if (kind == TokenKind::kIdentifier) return token;
  token.kind = kind;
  bool fill = kind == TokenKind::kFill || kind == TokenKind::kFillLeft || kind == TokenKind::kFillRight;
  if (fill) {
    // Without a parenthesis it is a name like any other.
    size_t ahead = 0;
    while (is_blank(static_cast<unsigned char>(peek_byte(ahead)))) ++ahead;
    if (peek_byte(ahead) != '(') token.kind = TokenKind::kIdentifier;
  }
  return token;
}

Token Lexer::in_braces() {
  uint32_t rune = next_rune();
  switch (rune) {
    case kEnd:
      return fail("unexpected end of input inside braces");
    case ',':
      return make(TokenKind::kComma);
    case '"':
    case '\'':
      return quoted(rune);
    case '`':
      return raw_string();
    case '=':
      if (peek_byte() != '~') return make(TokenKind::kAssign);
      ++at_;
      return make(TokenKind::kRegexMatch);
    case '!': {
      uint32_t second = next_rune();
      if (second == '~') return make(TokenKind::kRegexNotMatch);
      if (second == '=') return make(TokenKind::kNotEqual);
      return fail("unexpected character after '!' inside braces: " + quote_rune(second));
    }
    case '{':
      return fail("unexpected left brace '{'");
    case '}':
      in_braces_ = false;
      return make(TokenKind::kRightBrace);
    default:
      break;
  }
  if (!name_rune(rune, true, true)) return fail("unexpected character inside braces: " + quote_rune(rune));
  while (name_rune(peek_rune(), false, true)) next_rune();
  return make(TokenKind::kIdentifier);
}

// ---- brackets
// -------------------------------------------------------------------------------------------------------------

Token Lexer::in_duration() {
  uint32_t rune = next_rune();
  switch (rune) {
    case kEnd:
      return fail("unexpected end of input in duration expression");
    case ']':
      in_brackets_ = duration_state_ = false;
      return make(TokenKind::kRightBracket);
    case ':':
      return bracket_colon();
    case '(':
      ++paren_depth_;
      return make(TokenKind::kLeftParen);
    case ')':
      return close_paren();
    case ',':
      return make(TokenKind::kComma);
    case '+':
      return make(TokenKind::kAdd);
    case '-':
      return make(TokenKind::kSub);
    case '*':
      return make(TokenKind::kMul);
    case '/':
      return make(TokenKind::kDiv);
    case '%':
      return make(TokenKind::kMod);
    case '^':
      return make(TokenKind::kPow);
    default:
      break;
  }
  if (is_digit(rune) || (rune == '.' && is_digit(static_cast<unsigned char>(peek_byte())))) {
    at_ = start_;
    got_duration_ = true;
    duration_state_ = false;  // Behind a number, Prometheus reads on as outside of brackets.
    return number_or_duration();
  }
  return duration_word(rune, "unexpected character in duration expression: " + quote_rune(rune));
}

Token Lexer::bracket_colon() {
  start_ = at_;
  if (!got_duration_) return fail("unexpected colon before duration in duration expression");
  if (got_colon_) return fail("unexpected repeated colon in duration expression");
  got_colon_ = true;
  --start_;
  return make(TokenKind::kColon);
}

// step, range, min_of and max_of are the only words in brackets.
Token Lexer::duration_word(uint32_t first, std::string otherwise) {
  if (is_alpha(first)) {
    while (is_alphanumeric(static_cast<unsigned char>(peek_byte()))) ++at_;
    TokenKind kind = keyword(make(TokenKind::kIdentifier).text);
    if (kind >= TokenKind::kStep) {
      if (kind <= TokenKind::kRange) got_duration_ = true;
      return make(kind);
    }
    at_ = start_ + 1;
  }
  return fail(std::move(otherwise));
}

// ---- strings
// --------------------------------------------------------------------------------------------------------------

Token Lexer::quoted(uint32_t quote_char) {
  while (true) {
    uint32_t rune = next_rune();
    if (rune == quote_char) return make(TokenKind::kString);
    if (rune == kEnd || rune == '\n') return fail("unterminated quoted string");
    if (rune == kRuneError) return fail("invalid UTF-8 rune");
    if (rune == '\\' && !escape(quote_char)) return make(TokenKind::kError);
  }
}

// Reads what stands behind a backslash. False after setting the error.
bool Lexer::escape(uint32_t quote_char) {
  auto refuse = [this](std::string why) {
    error_ = std::move(why);
    return false;
  };
  uint32_t rune = next_rune();
  if (rune == kEnd) return refuse("escape sequence not terminated");
  if (rune == quote_char ||
      (rune < 0x80 && std::string_view("abfnrtv\\").find(static_cast<char>(rune)) != std::string_view::npos)) {
    return true;
  }
  int digits = 3;
  uint32_t base = 8;
  uint32_t largest = 255;
  if (rune == 'x' || rune == 'u' || rune == 'U') {
    digits = rune == 'x' ? 2 : rune == 'u' ? 4 : 8;
    base = 16;
    if (rune != 'x') largest = 0x10ffff;
    rune = next_rune();
  } else if (rune < '0' || rune > '7') {
    return refuse("unknown escape sequence " + unicode_name(rune));
  }
  uint64_t value = 0;
  for (int i = 0; i < digits; ++i) {
    if (i > 0) rune = next_rune();
    if (rune == kEnd) return refuse("escape sequence not terminated");
    uint32_t digit = 99;
    if (is_digit(rune)) digit = rune - '0';
    if ((rune | 0x20) >= 'a' && (rune | 0x20) <= 'f') digit = (rune | 0x20) - 'a' + 10;
    if (digit >= base) return refuse("illegal character " + unicode_name(rune) + " in escape sequence");
    value = value * base + digit;
  }
  if (value > largest || (value >= 0xd800 && value < 0xe000)) {
    return refuse("escape sequence is an invalid Unicode code point");
  }
  return true;
}

Token Lexer::raw_string() {
  while (true) {
    uint32_t rune = next_rune();
    if (rune == '`') return make(TokenKind::kString);
    if (rune == kEnd) return fail("unterminated raw string");
    if (rune == kRuneError) return fail("invalid UTF-8 rune");
  }
}

// ---- numbers
// --------------------------------------------------------------------------------------------------------------

Token Lexer::number_or_duration() {
  if (scan_number()) return make(TokenKind::kNumber);
  if (scan_duration_rest()) return make(TokenKind::kDuration);
  return fail("bad number or duration syntax: " + quote(make(TokenKind::kError).text));
}

// Moves behind the characters that can make a number. False where it cannot be one (it may still be a duration). What
// it accepts and where it stops follows Prometheus, oddities included: 0xee is refused, since the second e looks like
// an exponent.
bool Lexer::scan_number() {
  size_t begin = at_;
  std::string_view digits = "0123456789";
  if (accept("0") && accept("xX")) {
    accept("_");
    digits = "0123456789abcdefABCDEF";
  }
  bool hexadecimal = digits.size() > 10;
  accept(".");
  accept(digits);
  bool dot = false;
  bool exponent = false;
  auto is = [this](std::string_view set) {
    return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
  };
  while (is(digits) || is("._eE")) {
    if ((dot && is(".")) || (exponent && is("eE"))) {
      ++at_;
      return false;
    }
    if (accept(".")) {
      dot = true;
      if (accept("_.") || hexadecimal) return false;
    } else if (accept("eE")) {
      exponent = true;
      accept("+-");
      if (accept("._eE") || at_ == text_.size()) return false;
    } else if (accept("_")) {
      if (accept("._eE") || at_ == text_.size()) return false;
    } else {
      while (accept(digits)) {
      }
    }
  }
  return at_ != begin && !is_alphanumeric(static_cast<unsigned char>(peek_byte()));
}

bool Lexer::scan_duration_rest() {
  if (!accept("smhdwy")) return false;
  accept("s");  // ms
  while (accept("0123456789")) {
    while (accept("0123456789")) {
    }
    if (!accept("smhdw")) return false;
    accept("s");
  }
  if (!is_alphanumeric(static_cast<unsigned char>(peek_byte()))) return true;
  ++at_;  // Error texts show it.
  return false;
}

}  // namespace nightlight::promql
