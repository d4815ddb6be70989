// A label matcher made ready: the shapes that dashboards send (a literal, a set of literals, a prefix, `.*`, `.+`) are
// compared as text, everything else by RE2. A label that a series lacks has the value "".
#ifndef NIGHTLIGHT_GORILLA_SELECT_MATCHER_H_
#define NIGHTLIGHT_GORILLA_SELECT_MATCHER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/storage.h"

namespace re2 {
class RE2;
}

namespace nightlight::gorilla {

class LabelMatcher {
 public:
  // kInvalidArgument: the regular expression does not parse.
  static Result<LabelMatcher> compile(MatchOp op, std::string_view name, std::string_view value);
  static Result<std::vector<LabelMatcher>> compile(View<const Matcher*> matchers);

  LabelMatcher(LabelMatcher&&) noexcept;
  LabelMatcher& operator=(LabelMatcher&&) noexcept;
  ~LabelMatcher();

  const std::string& name() const { return name_; }
  // [any] Whether a series whose label has this value ("": none) is selected.
  bool matches(std::string_view value) const { return accepts(value) != negative_; }
  // Series without the label are selected: an index subtracts the values that do not match instead of adding those that
  // do.
  bool matches_empty() const { return matches(""); }

  // For != and !~ everything below describes the values that are *refused*.
  bool negative() const { return negative_; }
  // Whether the expression itself (without a negation) takes `value`.
  bool accepts(std::string_view value) const;
  // True when accepts() is true for every value, and for every value but "".
  bool accepts_all() const { return shape_ == Shape::kAll; }
  bool accepts_all_but_empty() const { return shape_ == Shape::kNotEmpty; }
  // The complete list of accepted values, sorted, when it is finite; else null.
  const std::vector<std::string>* literals() const { return shape_ == Shape::kLiterals ? &literals_ : nullptr; }
  // Every accepted value begins with this ("" when nothing is known).
  std::string_view prefix() const { return shape_ == Shape::kPrefix ? std::string_view(text_) : std::string_view(); }

 private:
  enum class Shape { kLiterals, kPrefix, kSuffix, kContains, kAll, kNotEmpty, kRegex };

  LabelMatcher() = default;
  bool classify(std::string_view pattern);

  std::string name_;
  bool negative_ = false;
  Shape shape_ = Shape::kLiterals;
  std::vector<std::string> literals_;
  std::string text_;  // The literal part of kPrefix, kSuffix, kContains.
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_MATCHER_H_
