// A label matcher made ready to run. Regular expressions are RE2's, anchored at both ends, `.` matches newline; the
// frequent shapes (a literal, a set of literals, prefix, suffix, `.*`, `.+`) run without RE2 and can be looked up in an
// index.
#ifndef NIGHTLIGHT_MODEL_MATCHER_H_
#define NIGHTLIGHT_MODEL_MATCHER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/storage.h"

namespace re2 {
class RE2;
}

namespace nightlight {

// Compiles an expression that must match a whole text. kInvalidArgument with Prometheus' text ("error parsing regexp:
// ..."). Programs are limited to 16 MiB of memory; expressions to 2 MiB of text. Safe to use from many threads.
Result<std::shared_ptr<const re2::RE2>> compile_anchored(std::string_view expression);

class LabelMatcher {
 public:
  // What the expression (before a possible negation) accepts.
  enum class Shape {
    kSet,         // Exactly the values of literals().
    kAnything,    // .*
    kNonEmpty,    // .+
    kPrefix,      // prefix().*
    kSuffix,      // .*suffix
    kContains,    // .*text.*
    kExpression,  // Ask RE2; every match begins with prefix().
  };

  static Result<LabelMatcher> compile(MatchOp op, std::string_view name, std::string_view value);
  static Result<LabelMatcher> compile(const Matcher& matcher);
  static Result<std::vector<LabelMatcher>> compile(View<const Matcher*> matchers);

  // Whether a label with this value ("" when the series lacks it) satisfies the matcher. Any thread.
  bool matches(std::string_view value) const { return accepts(value) != negated(); }
  bool matches_empty() const { return matches({}); }

  // Whether the expression itself, without a negation, takes `value`.
  bool accepts(std::string_view value) const;

  MatchOp op() const { return op_; }
  bool negated() const { return op_ == MatchOp::kNotEqual || op_ == MatchOp::kNotRegex; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  Shape shape() const { return shape_; }
  // Sorted and unique; only for kSet.
  const std::vector<std::string>& literals() const { return literals_; }
  // What every accepted value begins with; "" when nothing is known.
  const std::string& prefix() const { return prefix_; }
  // As the query language writes it: name=~"value".
  std::string text() const;

 private:
  Result<void> compile_expression();

  MatchOp op_ = MatchOp::kEqual;
  Shape shape_ = Shape::kSet;
  std::string name_, value_;
  std::vector<std::string> literals_;
  std::string prefix_;
  std::string part_;  // What kSuffix and kContains look for.
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_MATCHER_H_
