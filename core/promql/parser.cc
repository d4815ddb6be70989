#include "promql/parser.h"

#include <limits>

#include "nightlight/sugar.h"
#include "promql/grammar.h"

namespace nightlight::promql {
namespace {

Error to_error(std::string_view text, const ParseError& error) {
  std::string where = text.empty() ? "unknown position" : position_text(text, error.span.start);
  return Error{Code::kInvalidArgument, where + ": parse error: " + error.message};
}

void collect_selectors(const Expr& expr, std::vector<const std::vector<LabelMatcher>*>* out) {
  if (const auto* selector = as_if<VectorSelector>(&expr)) out->push_back(&selector->matchers);
  for (const Expr* child : children(expr)) collect_selectors(*child, out);
}

}  // namespace

void FunctionTable::add(View<const FunctionSpec*> functions) {
  for (const FunctionSpec* function : functions) by_name_.emplace(view(function->name), function);
}

const FunctionSpec* FunctionTable::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Result<ExprPtr> parse_expression(std::string_view text, const FunctionTable& functions, const ParserOptions& options) {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) return Error{Code::kInvalidArgument, "query is too long"};
  Grammar grammar(text, functions, options);
  ExprPtr expr = grammar.expression();
  if (grammar.error()) return to_error(text, *grammar.error());
  if (auto error = check_types(*expr, text)) return to_error(text, *error);
  return expr;
}

Result<std::vector<LabelMatcher>> parse_selector(std::string_view text, const ParserOptions& options) {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) return Error{Code::kInvalidArgument, "selector is too long"};
  FunctionTable no_functions;
  Grammar grammar(text, no_functions, options);
  auto selector = grammar.selector();
  if (grammar.error()) return to_error(text, *grammar.error());
  return std::move(selector->matchers);
}

std::vector<const std::vector<LabelMatcher>*> selectors(const Expr& expr) {
  std::vector<const std::vector<LabelMatcher>*> out;
  collect_selectors(expr, &out);
  return out;
}

std::string position_text(std::string_view query, uint32_t offset) {
  if (offset > query.size()) return "invalid position";
  std::string_view before = query.substr(0, offset);
  size_t lines = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] != '\n') continue;
    ++lines;
    line_start = i + 1;
  }
  return std::to_string(lines) + ":" + std::to_string(offset - line_start + 1);
}

}  // namespace nightlight::promql
