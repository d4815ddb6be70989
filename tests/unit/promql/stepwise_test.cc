#include "promql/cache/stepwise.h"

#include <doctest/doctest.h>

#include "promql/parser.h"
#include "unit/promql/function_specs.h"

namespace nightlight::promql {
namespace {

bool stepwise(std::string_view query, bool delayed_name_removal = false) {
  CAPTURE(query);
  Result<ExprPtr> expr = parse_expression(query, test_functions(), {});
  REQUIRE(expr.ok());
  return is_stepwise(**expr, delayed_name_removal);
}

TEST_CASE("what looks back from each step is stepwise") {
  for (const char* query :
       {"a", "rate(a[5m])", "sum by (x) (rate(a[5m] offset 1m))", "a + on (x) b", "a or b", "{x=\"1\"}",
        "topk(3, {x=\"1\"})", "max_over_time(sum({x=\"1\"} == 1)[5m:1m])", "-a", "time() - a", "sum({x=\"1\"}) / 2",
        "(a or b) > 1", "histogram_quantile(0.9, sum by (le) (rate(a[5m])))", "a unless {x=\"1\"}", "absent(a)",
        "count_values(\"v\", {x=\"1\"})"})
    CHECK_MESSAGE(stepwise(query), query);
}

TEST_CASE("what looks elsewhere is not") {
  for (const char* query :
       {"a @ 5", "a @ start()", "a @ end()", "a offset -1m", "rate(a[5m] @ end())", "sum_over_time(a[5m:] @ 1)",
        "max_over_time(a[5m:] offset -1s)", "a * end()", "start() * a", "a / range()", "rate(a[range()])",
        "rate(a[5m] smoothed)", "rate(a[5m] anchored)", "topk(scalar(a @ 1), b)"})
    CHECK_MESSAGE(!stepwise(query), query);
}

TEST_CASE("what drops the names of several metrics is not") {
  for (const char* query :
       {"rate({x=\"1\"}[5m])", "-{x=\"1\"}", "{x=\"1\"} + 1", "{x=\"1\"} > bool 1", "rate({__name__=~\"a|b\"}[5m])",
        "max_over_time((a or b)[5m:])", "abs(a or b)", "-sum by (__name__) ({x=\"1\"})", "a + (b or c)",
        "label_replace(a, \"x\", \"y\", \"z\", \"\")", "label_join(a, \"x\", \"y\")", "-topk(2, a or b)",
        "sum(label_replace(a, \"x\", \"y\", \"z\", \"\"))"})
    CHECK_MESSAGE(!stepwise(query), query);
  CHECK(stepwise("a", true));
  CHECK_FALSE(stepwise("a or b", true));
}

}  // namespace
}  // namespace nightlight::promql
