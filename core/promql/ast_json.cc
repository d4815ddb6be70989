#include "promql/ast_json.h"

#include <cmath>

#include "base/parse.h"
#include "promql/json_text.h"

namespace nightlight::promql {
namespace {

const char* boolean(bool value) { return value ? "true" : "false"; }

std::string texts(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) out.append(out.size() > 1 ? "," : "").append(json_string(value));
  return out + "]";
}

std::string number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? format_double(*value) : "null";
}

std::string duration(const DurationExpr* expr) {
  if (expr == nullptr) return "null";
  if (expr->op == DurationOp::kNumber) {
    return std::string("{\"duration\":") + boolean(expr->written_as_duration) +
           ",\"type\":\"numberLiteral\",\"val\":\"" + format_double_plain(expr->number) + "\"}";
  }
  static constexpr const char* kOps[] = {"", "+", "-", "*", "/", "%", "^", "step", "range", "min_of", "max_of"};
  return "{\"lhs\":" + duration(expr->lhs.get()) + ",\"op\":\"" + kOps[static_cast<int>(expr->op)] +
         "\",\"rhs\":" + duration(expr->rhs.get()) +
         ",\"type\":\"durationExpr\",\"wrapped\":" + boolean(expr->wrapped) + "}";
}

std::string offset(const TimeShift& shift) {
  return "\"offset\":" + std::to_string(shift.offset_ms) + ",\"offsetExpr\":" + duration(shift.offset_expr.get());
}

std::string start_or_end(const TimeShift& shift) {
  if (shift.at_bound == AtBound::kNone) return "\"startOrEnd\":null";
  return std::string("\"startOrEnd\":\"") + (shift.at_bound == AtBound::kStart ? "start" : "end") + "\"";
}

std::string timestamp(const TimeShift& shift) {
  return "\"timestamp\":" + (shift.at_ms ? std::to_string(*shift.at_ms) : "null");
}

// A vector selector, or a matrix selector when `matrix` is not null.
std::string selector(const VectorSelector& node, const MatrixSelector* matrix) {
  std::string out = std::string("{\"anchored\":") + boolean(node.mode == RangeMode::kAnchored) + ",\"matchers\":[";
  bool first = true;
  for (const LabelMatcher& matcher : node.matchers) {
    if (!first) out += ",";
    first = false;
    out += "{\"name\":" + json_string(matcher.name) + ",\"type\":\"" + std::string(name_of(matcher.op)) +
           "\",\"value\":" + json_string(matcher.value) + "}";
  }
  out += "],\"name\":" + json_string(node.name) + "," + offset(node.shift) + ",";
  if (matrix != nullptr) {
    out +=
        "\"range\":" + std::to_string(matrix->range_ms) + ",\"rangeExpr\":" + duration(matrix->range_expr.get()) + ",";
  }
  out += std::string("\"smoothed\":") + boolean(node.mode == RangeMode::kSmoothed) + "," + start_or_end(node.shift) +
         "," + timestamp(node.shift);
  return out + ",\"type\":\"" + (matrix != nullptr ? "matrixSelector" : "vectorSelector") + "\"}";
}

std::string matching(const std::optional<VectorMatching>& matching) {
  if (!matching) return "null";
  static constexpr const char* kCards[] = {"one-to-one", "many-to-one", "one-to-many", "many-to-many"};
  return std::string("{\"card\":\"") + kCards[static_cast<int>(matching->cardinality)] +
         "\",\"fillValues\":{\"lhs\":" + number_or_null(matching->fill_left) +
         ",\"rhs\":" + number_or_null(matching->fill_right) + "},\"include\":" + texts(matching->include) +
         ",\"labels\":" + texts(matching->labels) + ",\"on\":" + boolean(matching->on) + "}";
}

std::string call(const Call& node) {
  static constexpr const char* kTypes[] = {"\"scalar\"", "\"vector\"", "\"matrix\"", "\"string\""};
  std::string out = "{\"args\":[";
  for (size_t i = 0; i < node.arguments.size(); ++i) out.append(i > 0 ? "," : "").append(ast_json(*node.arguments[i]));
  out += "],\"func\":{\"argTypes\":[";
  const FunctionSpec& function = *node.function;
  for (size_t i = 0; i < function.arguments.size; ++i) {
    out.append(i > 0 ? "," : "").append(kTypes[static_cast<int>(function.arguments[i])]);
  }
  out += "],\"name\":" + json_string(std::string_view(function.name.data, function.name.size)) + ",\"returnType\":";
  out += kTypes[static_cast<int>(function.result)];
  return out + ",\"variadic\":" + std::to_string(function.variadic) + "},\"type\":\"call\"}";
}

std::string subquery(const SubqueryExpr& node) {
  return "{\"expr\":" + ast_json(*node.expr) + "," + offset(node.shift) +
         ",\"range\":" + std::to_string(node.range_ms) + ",\"rangeExpr\":" + duration(node.range_expr.get()) + "," +
         start_or_end(node.shift) + ",\"step\":" + std::to_string(node.step_ms) +
         ",\"stepExpr\":" + duration(node.step_expr.get()) + "," + timestamp(node.shift) + ",\"type\":\"subquery\"}";
}

}  // namespace

std::string ast_json(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return "{\"type\":\"numberLiteral\",\"val\":\"" + format_double_plain(as<NumberLiteral>(expr).value) + "\"}";
    case ExprKind::kString:
      return "{\"type\":\"stringLiteral\",\"val\":" + json_string(as<StringLiteral>(expr).value) + "}";
    case ExprKind::kParen:
      return "{\"expr\":" + ast_json(*as<ParenExpr>(expr).expr) + ",\"type\":\"parenExpr\"}";
    case ExprKind::kUnary: {
      const auto& node = as<UnaryExpr>(expr);
      return "{\"expr\":" + ast_json(*node.expr) + ",\"op\":\"" + (node.negative ? "-" : "+") +
             "\",\"type\":\"unaryExpr\"}";
    }
    case ExprKind::kBinary: {
      const auto& node = as<BinaryExpr>(expr);
      return std::string("{\"bool\":") + boolean(node.return_bool) + ",\"lhs\":" + ast_json(*node.lhs) +
             ",\"matching\":" + matching(node.matching) + ",\"op\":" + json_string(name_of(node.op)) +
             ",\"rhs\":" + ast_json(*node.rhs) + ",\"type\":\"binaryExpr\"}";
    }
    case ExprKind::kAggregation: {
      const auto& node = as<AggregationExpr>(expr);
      return "{\"expr\":" + ast_json(*node.expr) + ",\"grouping\":" + texts(node.grouping) +
             ",\"op\":" + json_string(name_of(node.op)) +
             ",\"param\":" + (node.parameter != nullptr ? ast_json(*node.parameter) : "null") +
             ",\"type\":\"aggregation\",\"without\":" + boolean(node.without) + "}";
    }
    case ExprKind::kCall:
      return call(as<Call>(expr));
    case ExprKind::kVectorSelector:
      return selector(as<VectorSelector>(expr), nullptr);
    case ExprKind::kMatrixSelector:
      return selector(*as<MatrixSelector>(expr).selector, &as<MatrixSelector>(expr));
    case ExprKind::kSubquery:
      return subquery(as<SubqueryExpr>(expr));
  }
  return "null";
}

}  // namespace nightlight::promql
