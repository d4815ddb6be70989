#include "gorilla/select/matcher.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

// The text that `pattern` stands for when it has no operator in it.
std::optional<std::string> literal_text(std::string_view pattern) {
  constexpr std::string_view kOperators = "^$.|?*+()[]{}";
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      // Only escaped punctuation is its own text: \d, \x41, \Q and the like are RE2's business.
      if (++i == pattern.size() || kOperators.find(pattern[i]) == std::string_view::npos) {
        if (i == pattern.size() || (pattern[i] != '\\' && pattern[i] != '-' && pattern[i] != '/')) return std::nullopt;
      }
    } else if (kOperators.find(pattern[i]) != std::string_view::npos) {
      return std::nullopt;
    }
    text.push_back(pattern[i]);
  }
  return text;
}

// Without one pair of brackets around all of it: "(a|b)" and "(?:a|b)" are "a|b".
std::string_view without_group(std::string_view pattern) {
  if (pattern.size() < 2 || pattern.front() != '(' || pattern.back() != ')') return pattern;
  std::string_view inner = pattern.substr(1, pattern.size() - 2);
  if (inner.substr(0, 2) == "?:") inner.remove_prefix(2);
  return inner.find_first_of("()\\") == std::string_view::npos ? inner : pattern;
}

}  // namespace

LabelMatcher::LabelMatcher(LabelMatcher&&) noexcept = default;
LabelMatcher& LabelMatcher::operator=(LabelMatcher&&) noexcept = default;
LabelMatcher::~LabelMatcher() = default;

bool LabelMatcher::classify(std::string_view pattern) {
  if (pattern == ".*") return shape_ = Shape::kAll, true;
  if (pattern == ".+") return shape_ = Shape::kNotEmpty, true;

  bool open_start = pattern.substr(0, 2) == ".*";
  bool open_end =
      pattern.size() >= 4 && pattern.substr(pattern.size() - 2) == ".*" && pattern[pattern.size() - 3] != '\\';
  open_end = open_end || (!open_start && pattern.size() >= 3 && pattern.substr(pattern.size() - 2) == ".*" &&
                          pattern[pattern.size() - 3] != '\\');
  if (open_start || open_end) {
    std::string_view middle = pattern;
    if (open_start) middle.remove_prefix(2);
    if (open_end) middle.remove_suffix(2);
    auto text = literal_text(middle);
    if (!text || text->empty()) return false;
    text_ = std::move(*text);
    shape_ = open_start && open_end ? Shape::kContains : open_start ? Shape::kSuffix : Shape::kPrefix;
    return true;
  }

  constexpr size_t kMaxLiterals = 4096;
  std::string_view rest = without_group(pattern);
  std::vector<std::string> literals;
  while (true) {
    size_t bar = rest.find('|');
    if (bar != std::string_view::npos && bar > 0 && rest[bar - 1] == '\\') return false;
    auto text = literal_text(rest.substr(0, bar));
    if (!text || literals.size() == kMaxLiterals) return false;
    literals.push_back(std::move(*text));
    if (bar == std::string_view::npos) break;
    rest.remove_prefix(bar + 1);
  }
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  literals_ = std::move(literals);
  shape_ = Shape::kLiterals;
  return true;
}

Result<LabelMatcher> LabelMatcher::compile(MatchOp op, std::string_view name, std::string_view value) {
  LabelMatcher out;
  out.name_ = name;
  out.negative_ = op == MatchOp::kNotEqual || op == MatchOp::kNotRegex;
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) {
    out.literals_.emplace_back(value);
    return out;
  }
  if (op != MatchOp::kRegex && op != MatchOp::kNotRegex)
    return Error{Code::kInvalidArgument, "matcher with an unknown operator"};
  if (out.classify(value)) return out;
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_never_capture(true);
  out.shape_ = Shape::kRegex;
  out.regex_ = std::make_unique<RE2>(re2::StringPiece(value.data(), value.size()), options);
  if (!out.regex_->ok()) return Error{Code::kInvalidArgument, "error parsing regexp: " + out.regex_->error()};
  return out;
}

Result<std::vector<LabelMatcher>> LabelMatcher::compile(View<const Matcher*> matchers) {
  std::vector<LabelMatcher> out;
  out.reserve(matchers.size);
  for (const Matcher* m : matchers) {
    NIGHTLIGHT_ASSIGN(compiled, compile(m->op, view(m->name), view(m->value)));
    out.push_back(std::move(compiled));
  }
  return out;
}

bool LabelMatcher::accepts(std::string_view value) const {
  switch (shape_) {
    case Shape::kLiterals:
      if (literals_.size() == 1) return literals_.front() == value;
      return std::binary_search(literals_.begin(), literals_.end(), value);
    case Shape::kPrefix:
      return value.substr(0, text_.size()) == text_;
    case Shape::kSuffix:
      return value.size() >= text_.size() && value.substr(value.size() - text_.size()) == text_;
    case Shape::kContains:
      return value.find(text_) != std::string_view::npos;
    case Shape::kAll:
      return true;
    case Shape::kNotEmpty:
      return !value.empty();
    case Shape::kRegex:
      return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_);
  }
  return false;
}

}  // namespace nightlight::gorilla
