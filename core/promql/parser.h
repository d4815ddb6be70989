// PromQL text -> syntax tree, as Prometheus 3.16 reads it, with its error texts.
#ifndef NIGHTLIGHT_PROMQL_PARSER_H_
#define NIGHTLIGHT_PROMQL_PARSER_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "promql/ast.h"

namespace nightlight::promql {

// The functions that queries may call, by name (case matters).
class FunctionTable {
 public:
  // The specs are borrowed: they outlive the table and every tree that was parsed with it.
  FunctionTable() = default;
  explicit FunctionTable(View<const FunctionSpec*> functions) { add(functions); }
  // Of two functions with one name, the one added first stays.
  void add(View<const FunctionSpec*> functions);
  // Null when there is none.
  const FunctionSpec* find(std::string_view name) const;

 private:
  std::unordered_map<std::string_view, const FunctionSpec*> by_name_;
};

// What Prometheus has behind --enable-feature.
struct ParserOptions {
  bool experimental_functions = true;  // promql-experimental-functions
  bool fill_modifiers = true;          // promql-binop-fill-modifiers
  bool unquoted_utf8_names = false;    // promql-unquoted-utf8-names
};

// An error's text is "<line>:<column>: parse error: ...", its code kInvalidArgument. Only the first error is told.
Result<ExprPtr> parse_expression(std::string_view text, const FunctionTable& functions,
                                 const ParserOptions& options = {});

// A series selector (`match[]`): the matchers, `__name__` last. They may all match the empty string: whether that is
// too much is the caller's rule.
Result<std::vector<LabelMatcher>> parse_selector(std::string_view text, const ParserOptions& options = {});

// The matchers of every selector in the tree, in the order of the text.
std::vector<const std::vector<LabelMatcher>*> selectors(const Expr& expr);

// "line:column" of a byte offset, both from 1, column in bytes: how annotations and errors name a position.
std::string position_text(std::string_view query, uint32_t offset);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_PARSER_H_
