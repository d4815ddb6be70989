// The language against what a real Prometheus answered (tests/promql/record_parse_answers.py).
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "promql/ast_json.h"
#include "promql/printer.h"
#include "unit/promql/function_specs.h"

namespace nightlight::promql {
namespace {

void check_answers(const std::string& file, size_t least, bool unquoted_utf8_names) {
  ParserOptions options;
  options.unquoted_utf8_names = unquoted_utf8_names;
  PrintOptions print_options{unquoted_utf8_names};
  std::ifstream in(file);
  REQUIRE(in.good());
  size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    auto answer = nlohmann::json::parse(line);
    std::string query = answer["query"];
    CAPTURE(query);
    Result<ExprPtr> expr = parse_expression(query, test_functions(), options);
    if (answer.contains("error")) {
      CHECK((expr.ok() ? "no error" : expr.error().message) == answer["error"].get<std::string>());
      continue;
    }
    std::string error = expr.ok() ? "" : expr.error().message;
    CHECK(error == "");
    if (!expr.ok()) continue;
    CHECK(print_pretty(**expr, print_options) == answer["format"].get<std::string>());
    CHECK(ast_json(**expr) == answer["ast"].get<std::string>());
    // What is printed reads back as the same tree, unless that is a selector without matchers or a range of 0s.
    std::string printed = print(**expr, print_options);
    bool below_a_millisecond = printed.find("[0s") != std::string::npos || printed.find(":0s]") != std::string::npos;
    if (printed.find("info(") != std::string::npos || below_a_millisecond) continue;
    Result<ExprPtr> again = parse_expression(printed, test_functions(), options);
    CAPTURE(printed);
    REQUIRE(again.ok());
    CHECK(print(**again, print_options) == printed);
    CHECK(print(*(*expr)->clone(), print_options) == printed);
  }
  CHECK(count >= least);
}

TEST_CASE("every recorded query parses, prints or fails as Prometheus did") {
  const char* other = std::getenv("NIGHTLIGHT_PARSE_ANSWERS");
  check_answers(other != nullptr ? other : NIGHTLIGHT_TEST_DATA "/promql/parse.jsonl", 500, false);
}

TEST_CASE("names beyond ASCII stand without quotes when the option is on") {
  check_answers(NIGHTLIGHT_TEST_DATA "/promql/parse_utf8.jsonl", 40, true);
}

}  // namespace
}  // namespace nightlight::promql
