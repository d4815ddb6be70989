#include "promql/parser.h"

#include <doctest/doctest.h>

#include "promql/duration_expr.h"
#include "promql/printer.h"
#include "unit/promql/function_specs.h"

namespace nightlight::promql {
namespace {

std::string error_of(std::string_view query, const ParserOptions& options = {}) {
  auto expr = parse_expression(query, test_functions(), options);
  return expr.ok() ? "" : expr.error().message;
}

TEST_CASE("a selector is a name, matchers or both, and nothing else") {
  auto text = [](std::string_view selector) {
    auto matchers = parse_selector(selector);
    if (!matchers.ok()) return matchers.error().message;
    std::string out;
    for (const LabelMatcher& m : *matchers) out += m.name + std::string(name_of(m.op)) + m.value + ";";
    return out;
  };
  CHECK(text("foo{a=\"b\",}") == "a=b;__name__=foo;");
  CHECK(text("{\"foo\", a!~`x.*`} ") == "__name__=foo;a!~x.*;");
  CHECK(text("and") == "__name__=and;");
  CHECK(text("{}") == "");
  CHECK(text("") == "unknown position: parse error: unexpected end of input");
  CHECK(text("#c") == "1:3: parse error: unexpected end of input");
  CHECK(text("foo[5m]") == "1:4: parse error: unexpected \"[\"");
  CHECK(text("foo offset 5m") == "1:5: parse error: unexpected <offset>");
  CHECK(text("sum(foo)") == "1:4: parse error: unexpected \"(\"");
  CHECK(text("{a=~\"[\"}") == "1:2: parse error: error parsing regexp: missing closing ]: `[`");
  CHECK(text("nan") == "1:1: parse error: unexpected number \"nan\"");
}

TEST_CASE("what is behind a feature flag is refused without it") {
  ParserOptions off;
  off.experimental_functions = off.fill_modifiers = false;
  CHECK(error_of("limitk(1, foo)", off) ==
        "1:1: parse error: limitk() is experimental and must be enabled with "
        "--enable-feature=promql-experimental-functions");
  CHECK(error_of("mad_over_time(foo[5m])", off) == "1:1: parse error: function \"mad_over_time\" is not enabled");
  CHECK(error_of("a or foo + fill(1) bar", off) ==
        "1:6: parse error: binop fill modifiers are experimental and not enabled");
  CHECK(error_of("foo[step() + min_of(1, 2)] anchored", off) == "");
}

TEST_CASE("queries nested too deeply are refused, whatever nests, and do not exhaust the stack") {
  auto repeat = [](std::string_view text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  constexpr size_t kMany = 100'000;
  const std::string nested[] = {repeat("(", kMany) + "a" + repeat(")", kMany),
                                repeat("-", kMany) + "a",
                                repeat("sum(", kMany) + "a" + repeat(")", kMany),
                                repeat("abs(", kMany),
                                "a" + repeat(" + a", kMany),
                                "a" + repeat(" ^ a", kMany),
                                "a" + repeat("[5m:]", kMany),
                                "a[" + repeat("(", kMany) + "5m" + repeat(")", kMany) + "]",
                                "a[1" + repeat("+1", kMany) + "]",
                                "a[" + repeat("-", kMany) + "1]",
                                "a offset " + repeat("-", kMany) + "1",
                                "a offset (1" + repeat("^1", kMany) + ")",
                                repeat("a + (", kMany)};
  for (const std::string& query : nested) {
    CAPTURE(query.substr(0, 20));
    CHECK(error_of(query).ends_with("parse error: expression is nested too deeply"));
  }
  std::string deep = repeat("(", 450) + "a" + repeat(")", 450);
  auto expr = parse_expression(deep, test_functions());
  REQUIRE(expr.ok());
  CHECK(print(**expr) == deep);
  CHECK(print(*(*expr)->clone()) == deep);
  CHECK(error_of("a" + repeat(" or a", 450)) == "");
}

TEST_CASE("long queries are read in full") {
  std::string query = "foo{a=~\"";
  for (int i = 0; i < 100'000; ++i) query += "value" + std::to_string(i) + "|";
  query += "end\"}";
  REQUIRE(query.size() > 1'000'000);
  auto expr = parse_expression(query, test_functions());
  REQUIRE(expr.ok());
  CHECK(print(**expr) == query);
}

TEST_CASE("the selectors of an expression are found in the order of the text") {
  auto expr = parse_expression("sum(a) + on(x) rate(b[5m]) > topk(3, c[1h:5m])", test_functions());
  REQUIRE(!expr.ok());
  expr = parse_expression("sum(a) + on(x) rate(b[5m]) > max_over_time(c[1h:5m])", test_functions());
  REQUIRE(expr.ok());
  std::string names;
  for (const auto* matchers : selectors(**expr)) names += matchers->back().value;
  CHECK(names == "abc");
}

TEST_CASE("positions count lines and bytes from one") {
  CHECK(position_text("abc", 0) == "1:1");
  CHECK(position_text("a\nbc\n\nd", 3) == "2:2");
  CHECK(position_text("a\nbc\n\nd", 6) == "4:1");
  CHECK(position_text("a", 2) == "invalid position");
}

TEST_CASE("duration expressions have values once the query's times are known") {
  auto resolved = [](std::string_view query) {
    auto expr = parse_expression(query, test_functions());
    REQUIRE(expr.ok());
    Result<void> result = resolve_durations(**expr, {.step_ms = 60'000, .range_ms = 600'000});
    if (!result.ok()) return result.error().message;
    if (const auto* subquery = as_if<SubqueryExpr>(expr->get())) {
      return std::to_string(subquery->range_ms) + ":" + std::to_string(subquery->step_ms) + "@" +
             std::to_string(subquery->shift.offset_ms);
    }
    const auto& matrix = as<MatrixSelector>(**expr);
    return std::to_string(matrix.range_ms) + "@" + std::to_string(matrix.selector->shift.offset_ms);
  };
  CHECK(resolved("a[step()]") == "60000@0");
  CHECK(resolved("a[range() / 2 + 1] offset -(1m)") == "301000@-60000");
  CHECK(resolved("a[max_of(5, step()) ^ 2]") == "3600000@0");
  CHECK(resolved("a[min_of(5, step()) % 3:2 * step()] offset (range() - 1)") == "2000:120000@599000");
  // As a running Prometheus says it, with byte offsets.
  CHECK(resolved("a[5m-10m]") == "2:8: duration must be greater than 0");
  CHECK(resolved("a[5m/(1-1)]") == "2:9: division by zero");
  CHECK(resolved("a[5m%(1-1)]") == "2:9: modulo by zero");
  CHECK(resolved("a[10^10^10]") == "2:10: duration is NaN or infinite");
  CHECK(resolved("a[9223372036*2]") == "2:14: duration is out of range");
  CHECK(duration_to_ms(1.001) == 1001);
  CHECK(duration_to_ms(-1.0019999) == -1001);
}

}  // namespace
}  // namespace nightlight::promql
