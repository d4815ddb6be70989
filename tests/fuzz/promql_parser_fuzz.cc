// PromQL text -> tree -> text -> tree: any text ends in a tree or an error, and what is printed means the same.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "promql/ast_json.h"
#include "promql/duration_expr.h"
#include "promql/printer.h"
#include "unit/promql/function_specs.h"

namespace {

using namespace nightlight::promql;

void require(bool condition) {
  if (!condition) std::abort();
}

// Printing sorts matchers.
void sort_matchers(Expr& expr) {
  if (auto* selector = as_if<VectorSelector>(&expr)) {
    auto less = [](const LabelMatcher& a, const LabelMatcher& b) {
      return std::tie(a.name, a.op, a.value) < std::tie(b.name, b.op, b.value);
    };
    std::sort(selector->matchers.begin(), selector->matchers.end(), less);
  }
  for (Expr* child : children(expr)) sort_matchers(*child);
}

// Texts that Prometheus' canonical form does not round-trip: it truncates durations to milliseconds, prints `-0w` as
// `0s`, `Inf ^ 2` as `+Inf ^ 2`, which is `+(Inf ^ 2)`, and prints `info(x, )`.
bool prints_exactly(std::string_view query, std::string_view printed) {
  auto asked = [&](std::string_view text) { return query.find(text) != std::string_view::npos; };
  auto prints = [&](std::string_view text) { return printed.find(text) != std::string_view::npos; };
  bool truncated = asked(".") || asked("ms") || asked("[") || asked("ffset") || (asked("-") && prints("0s"));
  return !truncated && !prints("+Inf ^") && !prints("info(");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ParserOptions options;
  options.unquoted_utf8_names = (data[0] & 1) != 0;
  PrintOptions print_options{options.unquoted_utf8_names};
  std::string_view query(reinterpret_cast<const char*>(data) + 1, size - 1);
  static_cast<void>(parse_selector(query, options));
  auto expr = parse_expression(query, test_functions(), options);
  if (!expr.ok()) {
    require(!expr.error().message.empty());
    return 0;
  }
  static_cast<void>(print_pretty(**expr, print_options));
  require(ast_json(*(*expr)->clone()) == ast_json(**expr));
  std::string printed = print(**expr, print_options);
  auto again = parse_expression(printed, test_functions(), options);
  static_cast<void>(resolve_durations(*(*expr)->clone(), {60'000, 600'000}));
  if (!prints_exactly(query, printed)) return 0;
  require(again.ok());
  require(print(**again, print_options) == printed);
  sort_matchers(**expr);
  sort_matchers(**again);
  require(ast_json(**again) == ast_json(**expr));
  return 0;
}
