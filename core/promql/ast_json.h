// The syntax tree as JSON, in the shape of Prometheus' /api/v1/parse_query.
#ifndef NIGHTLIGHT_PROMQL_AST_JSON_H_
#define NIGHTLIGHT_PROMQL_AST_JSON_H_

#include <string>

#include "promql/ast.h"

namespace nightlight::promql {

// Keys are sorted, as Go writes them.
std::string ast_json(const Expr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_AST_JSON_H_
