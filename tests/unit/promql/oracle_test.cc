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

TEST_CASE("every recorded query parses, prints or fails as Prometheus did") {
  const char* path = std::getenv("NIGHTLIGHT_PARSE_ANSWERS");
  std::ifstream in(path != nullptr ? path : NIGHTLIGHT_TEST_DATA "/promql/parse.jsonl");
  REQUIRE(in.good());
  size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    auto answer = nlohmann::json::parse(line);
    std::string query = answer["query"];
    CAPTURE(query);
    Result<ExprPtr> expr = parse_expression(query, test_functions());
    if (answer.contains("error")) {
      CHECK((expr.ok() ? "no error" : expr.error().message) == answer["error"].get<std::string>());
      continue;
    }
    std::string error = expr.ok() ? "" : expr.error().message;
    CHECK(error == "");
    if (!expr.ok()) continue;
    CHECK(print_pretty(**expr) == answer["format"].get<std::string>());
    CHECK(ast_json(**expr) == answer["ast"].get<std::string>());
    // What is printed reads back as the same tree, unless that is a selector without matchers or a range of 0s.
    std::string printed = print(**expr);
    bool below_a_millisecond = printed.find("[0s") != std::string::npos || printed.find(":0s]") != std::string::npos;
    if (printed.find("info(") != std::string::npos || below_a_millisecond) continue;
    Result<ExprPtr> again = parse_expression(printed, test_functions());
    CAPTURE(printed);
    REQUIRE(again.ok());
    CHECK(print(**again) == printed);
    CHECK(print(*(*expr)->clone()) == printed);
  }
  CHECK(count > 500);
}

}  // namespace
}  // namespace nightlight::promql
