#include "model/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "model/labels.h"

namespace nightlight {
namespace {

constexpr size_t kMaxExpressionSize = 2 << 20;
constexpr int64_t kMaxProgramSize = 16 << 20;
constexpr size_t kMaxLiterals = 4096;

// Finds the finite set of texts that an expression stands for, if it is made of literals, groups and alternatives only.
class LiteralParser {
 public:
  explicit LiteralParser(std::string_view text) : rest_(text) {}

  // Sorted and unique; nothing when the expression is anything more.
  std::optional<std::vector<std::string>> parse() {
    auto found = alternatives();
    if (!found || !rest_.empty()) return std::nullopt;
    std::sort(found->begin(), found->end());
    found->erase(std::unique(found->begin(), found->end()), found->end());
    return found;
  }

 private:
  using Texts = std::optional<std::vector<std::string>>;

  Texts alternatives() {
    if (++depth_ > 50) return std::nullopt;
    std::vector<std::string> all;
    while (true) {
      auto branch = sequence();
      if (!branch || all.size() + branch->size() > kMaxLiterals) return std::nullopt;
      for (std::string& text : *branch) all.push_back(std::move(text));
      if (!take("|")) break;
    }
    --depth_;
    return all;
  }

  Texts sequence() {
    std::vector<std::string> texts{""};
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      if (rest_.front() == '(') {
        auto group = group_alternatives();
        if (!group || texts.size() * group->size() > kMaxLiterals) return std::nullopt;
        texts = product(texts, *group);
      } else {
        auto c = literal();
        if (!c) return std::nullopt;
        for (std::string& text : texts) text += *c;
      }
      if (!rest_.empty() && std::string_view("*+?{").find(rest_.front()) != std::string_view::npos) return std::nullopt;
    }
    return texts;
  }

  Texts group_alternatives() {
    if (!take("(?:") && (rest_.substr(0, 2) == "(?" || !take("("))) return std::nullopt;
    auto inside = alternatives();
    if (!inside || !take(")")) return std::nullopt;
    return inside;
  }

  std::optional<char> literal() {
    bool escaped = take("\\");
    if (rest_.empty()) return std::nullopt;
    char c = rest_.front();
    bool punctuation = std::string_view(R"(\.+*?()|[]{}^$-/,:;<>=!@#%&~'"` )").find(c) != std::string_view::npos;
    bool meta = std::string_view(".+*?()|[]{}^$").find(c) != std::string_view::npos;
    if (escaped ? !punctuation : meta) return std::nullopt;
    rest_.remove_prefix(1);
    return c;
  }

  static std::vector<std::string> product(const std::vector<std::string>& heads,
                                          const std::vector<std::string>& tails) {
    std::vector<std::string> out;
    out.reserve(heads.size() * tails.size());
    for (const std::string& head : heads) {
      for (const std::string& tail : tails) out.push_back(head + tail);
    }
    return out;
  }

  bool take(std::string_view token) {
    if (rest_.substr(0, token.size()) != token) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string_view rest_;
  int depth_ = 0;
};

// The single text that an expression stands for.
std::optional<std::string> only_literal(std::string_view expression) {
  auto texts = LiteralParser(expression).parse();
  if (!texts || texts->size() != 1) return std::nullopt;
  return std::move(texts->front());
}

bool take_any_at_front(std::string_view& expression) {
  if (expression.substr(0, 2) != ".*") return false;
  expression.remove_prefix(2);
  return true;
}

bool take_any_at_back(std::string_view& expression) {
  size_t size = expression.size();
  if (size < 2 || expression.substr(size - 2) != ".*") return false;
  if (size > 2 && expression[size - 3] == '\\') return false;
  expression.remove_suffix(2);
  return true;
}

// Where the character class that begins at `at` ends: behind its `]`, which may stand in it first or escaped.
size_t end_of_class(std::string_view expression, size_t at) {
  constexpr size_t kLongestName = 9;  // ^xdigit:]
  ++at;
  if (expression.substr(at, 1) == "^") ++at;
  for (const size_t first = at; at < expression.size(); ++at) {
    if (expression[at] == ']' && at > first) return at + 1;
    if (expression[at] == '\\') {
      ++at;
    } else if (expression.substr(at, 2) == "[:") {
      const size_t length = expression.substr(at + 2, kLongestName).find(":]");
      if (length != std::string_view::npos) at += 2 + length + 1;
    }
  }
  return expression.size();
}

// Go takes (?<name>...) as well as (?P<name>...), this RE2 only the latter.
std::string with_named_groups(std::string_view expression) {
  constexpr std::string_view kGroup = "(?<";
  std::string out;
  for (size_t at = 0; at < expression.size();) {
    if (expression.substr(at, kGroup.size()) == kGroup) {
      out += "(?P<";
      at += kGroup.size();
      continue;
    }
    // What is copied at once: a character, one that is escaped, a quotation, a class.
    size_t end = at + 1;
    if (expression.substr(at, 2) == "\\Q") {
      end = expression.find("\\E", at + 2);
    } else if (expression[at] == '\\') {
      end = at + 2;
    } else if (expression[at] == '[') {
      end = end_of_class(expression, at);
    }
    end = std::min(end, expression.size());
    out += expression.substr(at, end - at);
    at = end;
  }
  return out;
}

// The words of Go's regexp/syntax for RE2's error codes; they are the same but for few.
std::string error_words(const re2::RE2& expression) {
  switch (expression.error_code()) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
      return "invalid character class";
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
      return "expression too large";
    case re2::RE2::ErrorInternal:
    case re2::RE2::NoError:
      break;
  }
  return "internal error";
}

// Whether \C (any byte) stands in the text: RE2 knows it, Go does not.
bool has_any_byte_escape(std::string_view expression) {
  for (size_t i = 0; i + 1 < expression.size(); ++i) {
    if (expression[i] != '\\') continue;
    if (expression[i + 1] == 'C') return true;
    ++i;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const re2::RE2>> compile_anchored(std::string_view expression) {
  if (expression.size() > kMaxExpressionSize) {
    return Error{Code::kInvalidArgument, "error parsing regexp: expression too large"};
  }
  if (has_any_byte_escape(expression)) {
    return Error{Code::kInvalidArgument, "error parsing regexp: invalid escape sequence: `\\C`"};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kMaxProgramSize);
  auto compiled = std::make_shared<const re2::RE2>(with_named_groups(expression), options);
  if (!compiled->ok()) {
    // RE2 names what is left of the text where Go names all of it.
    bool whole = compiled->error_code() == re2::RE2::ErrorMissingParen ||
                 compiled->error_code() == re2::RE2::ErrorUnexpectedParen;
    return Error{Code::kInvalidArgument, "error parsing regexp: " + error_words(*compiled) + ": `" +
                                             (whole ? std::string(expression) : compiled->error_arg()) + "`"};
  }
  return compiled;
}

Result<LabelMatcher> LabelMatcher::compile(MatchOp op, std::string_view name, std::string_view value) {
  LabelMatcher out;
  out.op_ = op;
  out.name_ = name;
  out.value_ = value;
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) {
    out.literals_.emplace_back(value);
    out.prefix_ = value;
    return out;
  }
  if (op != MatchOp::kRegex && op != MatchOp::kNotRegex)
    return Error{Code::kInvalidArgument, "matcher with an unknown operator"};
  NIGHTLIGHT_TRY(out.compile_expression());
  return out;
}

Result<LabelMatcher> LabelMatcher::compile(const Matcher& matcher) {
  return compile(matcher.op, view(matcher.name), view(matcher.value));
}

Result<std::vector<LabelMatcher>> LabelMatcher::compile(View<const Matcher*> matchers) {
  std::vector<LabelMatcher> out;
  out.reserve(matchers.size);
  for (const Matcher* matcher : matchers) {
    NIGHTLIGHT_ASSIGN(compiled, compile(*matcher));
    out.push_back(std::move(compiled));
  }
  return out;
}

Result<void> LabelMatcher::compile_expression() {
  std::string_view text = value_;
  if (text == ".*" || text == ".+") {
    shape_ = text == ".*" ? Shape::kAnything : Shape::kNonEmpty;
    return {};
  }
  if (text.size() > kMaxExpressionSize)
    return Error{Code::kInvalidArgument, "error parsing regexp: expression too large"};
  if (auto texts = LiteralParser(text).parse()) {
    literals_ = std::move(*texts);
    // Sorted, so what the first and the last have in common all have.
    const std::string &first = literals_.front(), &last = literals_.back();
    auto differs = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
    prefix_.assign(first.begin(), differs);
    return {};
  }
  bool front = take_any_at_front(text);
  bool back = take_any_at_back(text);
  if (front || back) {
    if (auto part = only_literal(text)) {
      shape_ = front && back ? Shape::kContains : front ? Shape::kSuffix : Shape::kPrefix;
      (front ? part_ : prefix_) = std::move(*part);
      return {};
    }
  }
  shape_ = Shape::kExpression;
  NIGHTLIGHT_ASSIGN(compiled, compile_anchored(value_));
  expression_ = std::move(compiled);
  // PossibleMatchRange knows the beginning that all matches share, whatever the syntax.
  std::string low, high;
  if (re2::RE2("^(?s:" + with_named_groups(value_) + ")$", re2::RE2::Quiet).PossibleMatchRange(&low, &high, 64)) {
    auto differs = std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first;
    prefix_.assign(low.begin(), differs);
  }
  return {};
}

bool LabelMatcher::accepts(std::string_view value) const {
  switch (shape_) {
    case Shape::kSet:
      if (literals_.size() == 1) return value == literals_.front();
      return std::binary_search(literals_.begin(), literals_.end(), value);
    case Shape::kAnything:
      return true;
    case Shape::kNonEmpty:
      return !value.empty();
    case Shape::kPrefix:
      return value.substr(0, prefix_.size()) == prefix_;
    case Shape::kSuffix:
      return value.size() >= part_.size() && value.substr(value.size() - part_.size()) == part_;
    case Shape::kContains:
      return value.find(part_) != std::string_view::npos;
    case Shape::kExpression:
      return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *expression_);
  }
  return false;
}

std::string LabelMatcher::text() const {
  constexpr std::string_view kOps[] = {"=", "!=", "=~", "!~"};
  std::string out = name_;
  out += kOps[static_cast<size_t>(op_)];
  return out + quote(value_);
}

}  // namespace nightlight
