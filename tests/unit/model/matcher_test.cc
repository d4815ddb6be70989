#include "model/matcher.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

using namespace nightlight;
using Shape = LabelMatcher::Shape;

namespace {

LabelMatcher regex(std::string_view text) { return LabelMatcher::compile(MatchOp::kRegex, "l", text).value(); }

}  // namespace

TEST_CASE("frequent expressions are recognised and need no regular expression engine") {
  struct Example {
    const char* text;
    Shape shape;
    std::vector<std::string> literals;
    const char* prefix;
  };
  const Example examples[] = {
      {"", Shape::kSet, {""}, ""},
      {"abc", Shape::kSet, {"abc"}, "abc"},
      {"b|a|b", Shape::kSet, {"a", "b"}, ""},
      {"(a|b|)c", Shape::kSet, {"ac", "bc", "c"}, ""},
      {"x(?:a|b(1|2))", Shape::kSet, {"xa", "xb1", "xb2"}, "x"},
      {R"(1\.2\.3\.4:80)", Shape::kSet, {"1.2.3.4:80"}, "1.2.3.4:80"},
      {".*", Shape::kAnything, {}, ""},
      {".+", Shape::kNonEmpty, {}, ""},
      {"abc.*", Shape::kPrefix, {}, "abc"},
      {".*abc", Shape::kSuffix, {}, ""},
      {".*abc.*", Shape::kContains, {}, ""},
      {"abc.+", Shape::kExpression, {}, "abc"},
      {R"(ab\.*)", Shape::kExpression, {}, "ab"},
      {"a?b", Shape::kExpression, {}, ""},
      {"(?i)abc", Shape::kExpression, {}, ""},
      {"a.*|b.*", Shape::kExpression, {}, ""},
      {"foo[0-9]+", Shape::kExpression, {}, "foo"},
  };
  for (const Example& example : examples) {
    CAPTURE(example.text);
    LabelMatcher matcher = regex(example.text);
    CHECK(matcher.shape() == example.shape);
    CHECK(matcher.literals() == example.literals);
    CHECK(matcher.prefix() == example.prefix);
  }
}

TEST_CASE("every shape accepts exactly what RE2 accepts") {
  const char* expressions[] = {"",      "abc",      "a|b|",      "(a|b)c",  ".*",   ".+",    "a.*",  ".*a",   ".*b.*",
                               "a.+",   R"(a\.b)",  R"(\.*)",    "a.*|b.*", ".*.*", "ab{2}", "[ab]", "a|.*b", "(?i)AB",
                               "a\\|b", "(a)(b|c)", "((a|b)|c)", ".*a|b.*", "a+",   "^abc$", "é|è",  "a-b",   "a/b"};
  const char* values[] = {"",    "a",  "b",   "c",   "ab", "abc", "ac", "bc",  "a.b", "axb",   "a\nb",
                          "...", "ba", "xbx", "abb", "AB", "a|b", "é",  "a-b", "a/b", "^abc$", "bbb"};
  for (const char* expression : expressions) {
    re2::RE2::Options options;
    options.set_dot_nl(true);
    re2::RE2 oracle(expression, options);
    LabelMatcher matcher = regex(expression);
    LabelMatcher negated = LabelMatcher::compile(MatchOp::kNotRegex, "l", expression).value();
    for (const char* value : values) {
      CAPTURE(expression);
      CAPTURE(value);
      bool expected = re2::RE2::FullMatch(value, oracle);
      CHECK(matcher.matches(value) == expected);
      CHECK(negated.matches(value) == !expected);
      if (expected) CHECK(std::string_view(value).substr(0, matcher.prefix().size()) == matcher.prefix());
    }
  }
}

TEST_CASE("malformed expressions are refused with Prometheus' words") {
  CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", "*a").error().message ==
        "error parsing regexp: missing argument to repetition operator: `*`");
  CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", "a[b").error().message ==
        "error parsing regexp: missing closing ]: `[b`");
  CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", "b(a").error().message ==
        "error parsing regexp: missing closing ): `b(a`");
  CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", "b)a").error().message ==
        "error parsing regexp: unexpected ): `b)a`");
  CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", "\\\\\\C").error().message ==
        "error parsing regexp: invalid escape sequence: `\\C`");
  CHECK_FALSE(LabelMatcher::compile(static_cast<MatchOp>(4), "l", "a").ok());
  CHECK(!LabelMatcher::compile(MatchOp::kRegex, "l", "((a{100}){100}){100}").ok());
  CHECK(!LabelMatcher::compile(MatchOp::kRegex, "l", "[a]" + std::string(2 << 20, 'x')).ok());
}

TEST_CASE("both spellings of named groups work") {
  CHECK(regex("(?P<x>a+)b").matches("aab"));
  CHECK(regex("(?<x>a+)b").matches("aab"));
  CHECK(regex("[(?<]x+").matches("<xx"));
}

TEST_CASE("what looks like a named group in a class or a quotation is none") {
  CHECK_FALSE(regex("[](?<x]").matches("P"));
  CHECK(regex("[](?<x]").matches("]"));
  CHECK(regex("[^](?<x]").matches("P"));
  CHECK_FALSE(regex("[[:digit:](?<x]").matches("P"));
  CHECK_FALSE(regex("[[:^xdigit:](?<x]").matches("A"));
  CHECK_FALSE(regex(R"([\](?<x])").matches("P"));
  CHECK_FALSE(regex("[[(?<x]").matches("P"));
  CHECK(regex(R"(\Q(?<[\E+)").matches("(?<[["));
  CHECK(regex(R"(\Qa\E(?<x>b+))").matches("abb"));
  CHECK(regex(R"([[:alpha:]](?<x>b+))").matches("abb"));
  for (const char* unended : {"[(?<x", "[^", "[\\", "[[:", "\\Q(?<", "(?<", "\\", "["}) {
    CAPTURE(unended);
    CHECK(LabelMatcher::compile(MatchOp::kRegex, "l", unended).ok() == re2::RE2(unended, re2::RE2::Quiet).ok());
  }
}

TEST_CASE("equality matchers compare the whole value") {
  LabelMatcher equal = LabelMatcher::compile(MatchOp::kEqual, "job", "a.*").value();
  CHECK(equal.matches("a.*"));
  CHECK(!equal.matches("ab"));
  CHECK(equal.text() == R"(job="a.*")");
  LabelMatcher different = LabelMatcher::compile(MatchOp::kNotEqual, "job", "").value();
  CHECK(!different.matches_empty());
  CHECK(different.matches("x"));
}
