// Syntax tree -> PromQL text, in Prometheus' canonical form. Parsing the text gives an equal tree again.
#ifndef NIGHTLIGHT_PROMQL_PRINTER_H_
#define NIGHTLIGHT_PROMQL_PRINTER_H_

#include <string>

#include "promql/ast.h"

namespace nightlight::promql {

struct PrintOptions {
  bool unquoted_utf8_names = false;  // As the parser's option: which names stand without quotes.
};

// On one line.
std::string print(const Expr& expr, const PrintOptions& options = {});
// Nodes that take more than 100 bytes on one line are spread over several, indented by two blanks
// (/api/v1/format_query).
std::string print_pretty(const Expr& expr, const PrintOptions& options = {});

std::string print(const DurationExpr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_PRINTER_H_
