#include "promql/printer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <unordered_map>

#include "base/parse.h"
#include "promql/go_text.h"

namespace nightlight::promql {
namespace {

constexpr size_t kLineBytes = 100;

bool plain_name(std::string_view name, bool colon, bool utf8) {
  auto first_legal = [colon, utf8](uint32_t rune) {
    bool ascii_letter = rune < 0x80 && is_letter(rune);
    return ascii_letter || rune == '_' || (colon && rune == ':') || (utf8 && rune >= 0x80 && is_letter(rune));
  };
  for (size_t at = 0; at < name.size();) {
    auto [rune, size] = decode_rune(name.substr(at));
    bool digit = rune >= '0' && rune <= '9';
    bool inner = at > 0 && (digit || (utf8 && rune == '.'));
    if (!first_legal(rune) && !inner) return false;
    at += size;
  }
  return !name.empty();
}

std::string duration_text(double seconds) {
  std::string sign = seconds < 0 ? "-" : "";
  return sign + format_duration_ms(static_cast<int64_t>(std::fabs(seconds) * 1e9) / 1000000);
}

std::string number_text(double value, bool written_as_duration) {
  return written_as_duration ? duration_text(value) : format_double_plain(value);
}

class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}

  void flat(const Expr& expr);
  std::string pretty(const Expr& expr, size_t level);

  std::string text;

 private:
  struct Range {
    size_t begin, size;
  };

  std::string label(const std::string& name) const {
    return plain_name(name, false, options_.unquoted_utf8_names) ? name : quote(name);
  }
  std::string labels(const std::vector<std::string>& names) const {
    std::string out;
    for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(label(name));
    return out;
  }
  std::string aggregation_head(const AggregationExpr& expr) const;
  std::string operator_text(const BinaryExpr& expr) const;
  std::string selector_text(const VectorSelector& selector) const;
  static std::string subquery_suffix(const SubqueryExpr& expr);
  void list(const std::vector<ExprPtr>& arguments);
  std::string flat_of(const Expr& expr) const {
    Range range = ranges_.at(&expr);
    return text.substr(range.begin, range.size);
  }

  const PrintOptions& options_;
  std::unordered_map<const Expr*, Range> ranges_;  // Where in `text` each node stands.
};

std::string offset_text(const TimeShift& shift) {
  if (shift.offset_expr != nullptr) return " offset " + print(*shift.offset_expr);
  return shift.offset_ms == 0 ? "" : " offset " + format_duration_ms(shift.offset_ms);
}

std::string at_text(const TimeShift& shift) {
  if (shift.at_bound != AtBound::kNone) return shift.at_bound == AtBound::kStart ? " @ start()" : " @ end()";
  if (!shift.at_ms) return "";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, " @ %.3f", static_cast<double>(*shift.at_ms) / 1000);
  return buffer;
}

std::string mode_text(RangeMode mode) {
  if (mode == RangeMode::kPlain) return "";
  return mode == RangeMode::kAnchored ? " anchored" : " smoothed";
}

std::string range_text(int64_t range_ms, const std::unique_ptr<DurationExpr>& expr) {
  return expr != nullptr ? print(*expr) : format_duration_ms(range_ms);
}

std::string Printer::aggregation_head(const AggregationExpr& expr) const {
  std::string out(name_of(expr.op));
  if (expr.without) return out + " without (" + labels(expr.grouping) + ") ";
  return expr.grouping.empty() ? out : out + " by (" + labels(expr.grouping) + ") ";
}

std::string Printer::operator_text(const BinaryExpr& expr) const {
  std::string out(name_of(expr.op));
  if (expr.return_bool) out += " bool";
  if (!expr.matching) return out;
  const VectorMatching& matching = *expr.matching;
  bool grouped = matching.cardinality == Cardinality::kManyToOne || matching.cardinality == Cardinality::kOneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    out += (matching.on ? " on (" : " ignoring (") + labels(matching.labels) + ")";
  }
  if (grouped) {
    const char* side = matching.cardinality == Cardinality::kManyToOne ? "left" : "right";
    out += std::string(" group_") + side + " (" + labels(matching.include) + ")";
  }
  auto fill = [&out](const char* name, double value) {
    out += std::string(" ") + name + " (" + format_double_plain(value) + ")";
  };
  if (matching.fill_left && matching.fill_right && *matching.fill_left == *matching.fill_right) {
    fill("fill", *matching.fill_left);
  } else {
    if (matching.fill_left) fill("fill_left", *matching.fill_left);
    if (matching.fill_right) fill("fill_right", *matching.fill_right);
  }
  return out;
}

// Name and matchers, without modifiers.
std::string Printer::selector_text(const VectorSelector& selector) const {
  std::vector<std::string> matchers;
  for (const LabelMatcher& matcher : selector.matchers) {
    bool is_name = matcher.name == "__name__" && matcher.op == MatchOp::kEqual && matcher.value == selector.name;
    if (is_name && !selector.name.empty()) continue;
    matchers.push_back(label(matcher.name) + std::string(name_of(matcher.op)) + quote(matcher.value));
  }
  if (matchers.empty()) return selector.name;
  std::sort(matchers.begin(), matchers.end());
  std::string out = selector.name + "{";
  for (size_t i = 0; i < matchers.size(); ++i) out.append(i == 0 ? "" : ",").append(matchers[i]);
  return out + "}";
}

std::string Printer::subquery_suffix(const SubqueryExpr& expr) {
  std::string step = expr.step_expr != nullptr || expr.step_ms != 0 ? range_text(expr.step_ms, expr.step_expr) : "";
  return "[" + range_text(expr.range_ms, expr.range_expr) + ":" + step + "]" + at_text(expr.shift) +
         offset_text(expr.shift);
}

void Printer::list(const std::vector<ExprPtr>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    flat(*arguments[i]);
  }
}

void Printer::flat(const Expr& expr) {
  size_t begin = text.size();
  switch (expr.kind) {
    case ExprKind::kNumber: {
      const auto& literal = as<NumberLiteral>(expr);
      text += number_text(literal.value, literal.written_as_duration);
      break;
    }
    case ExprKind::kString:
      text += quote(as<StringLiteral>(expr).value);
      break;
    case ExprKind::kParen:
      text += "(";
      flat(*as<ParenExpr>(expr).expr);
      text += ")";
      break;
    case ExprKind::kUnary: {
      const auto& unary = as<UnaryExpr>(expr);
      text += unary.negative ? "-" : "+";
      flat(*unary.expr);
      break;
    }
    case ExprKind::kBinary: {
      const auto& binary = as<BinaryExpr>(expr);
      flat(*binary.lhs);
      text += " " + operator_text(binary) + " ";
      flat(*binary.rhs);
      break;
    }
    case ExprKind::kAggregation: {
      const auto& aggregation = as<AggregationExpr>(expr);
      text += aggregation_head(aggregation) + "(";
      if (aggregation.parameter != nullptr) {
        flat(*aggregation.parameter);
        text += ", ";
      }
      flat(*aggregation.expr);
      text += ")";
      break;
    }
    case ExprKind::kCall: {
      const auto& call = as<Call>(expr);
      text.append(call.function->name.data, call.function->name.size).append("(");
      list(call.arguments);
      text += ")";
      break;
    }
    case ExprKind::kVectorSelector: {
      const auto& selector = as<VectorSelector>(expr);
      text +=
          selector_text(selector) + at_text(selector.shift) + mode_text(selector.mode) + offset_text(selector.shift);
      break;
    }
    case ExprKind::kMatrixSelector: {
      const auto& matrix = as<MatrixSelector>(expr);
      const VectorSelector& selector = *matrix.selector;
      text += selector_text(selector) + "[" + range_text(matrix.range_ms, matrix.range_expr) + "]";
      text += mode_text(selector.mode) + at_text(selector.shift) + offset_text(selector.shift);
      break;
    }
    case ExprKind::kSubquery: {
      const auto& subquery = as<SubqueryExpr>(expr);
      flat(*subquery.expr);
      text += subquery_suffix(subquery);
      break;
    }
  }
  ranges_[&expr] = {begin, text.size() - begin};
}

std::string Printer::pretty(const Expr& expr, size_t level) {
  std::string indent(2 * level, ' ');
  bool split = ranges_.at(&expr).size > kLineBytes;
  if (expr.kind == ExprKind::kUnary) {
    const auto& unary = as<UnaryExpr>(expr);
    std::string operand = pretty(*unary.expr, level);
    operand.erase(0, std::min(operand.find_first_not_of(' '), operand.size()));
    return indent + (unary.negative ? "-" : "+") + operand;
  }
  if (expr.kind == ExprKind::kSubquery) {
    const auto& subquery = as<SubqueryExpr>(expr);
    // Without the indentation when it fits: so does Prometheus.
    return split ? pretty(*subquery.expr, level) + subquery_suffix(subquery) : flat_of(expr);
  }
  if (!split) return indent + flat_of(expr);
  switch (expr.kind) {
    case ExprKind::kParen:
      return indent + "(\n" + pretty(*as<ParenExpr>(expr).expr, level + 1) + "\n" + indent + ")";
    case ExprKind::kBinary: {
      const auto& binary = as<BinaryExpr>(expr);
      return pretty(*binary.lhs, level + 1) + "\n" + indent + operator_text(binary) + "\n" +
             pretty(*binary.rhs, level + 1);
    }
    case ExprKind::kAggregation: {
      const auto& aggregation = as<AggregationExpr>(expr);
      std::string parameter = aggregation.parameter != nullptr ? pretty(*aggregation.parameter, level + 1) + ",\n" : "";
      return indent + aggregation_head(aggregation) + "(\n" + parameter + pretty(*aggregation.expr, level + 1) + "\n" +
             indent + ")";
    }
    case ExprKind::kCall: {
      const auto& call = as<Call>(expr);
      std::string out = indent + std::string(call.function->name.data, call.function->name.size) + "(\n";
      for (size_t i = 0; i < call.arguments.size(); ++i) {
        if (i > 0) out += ",\n";
        out += pretty(*call.arguments[i], level + 1);
      }
      return out + "\n" + indent + ")";
    }
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
    case ExprKind::kUnary:
    case ExprKind::kSubquery:
      break;
  }
  return indent + flat_of(expr);
}

}  // namespace

std::string print(const Expr& expr, const PrintOptions& options) {
  Printer printer(options);
  printer.flat(expr);
  return std::move(printer.text);
}

std::string print_pretty(const Expr& expr, const PrintOptions& options) {
  Printer printer(options);
  printer.flat(expr);
  return printer.pretty(expr, 0);
}

std::string print(const DurationExpr& expr) {
  std::string out;
  switch (expr.op) {
    case DurationOp::kNumber:
      return number_text(expr.number, expr.written_as_duration);
    case DurationOp::kStep:
      out = "step()";
      break;
    case DurationOp::kRange:
      out = "range()";
      break;
    case DurationOp::kMinOf:
    case DurationOp::kMaxOf:
      out = std::string(expr.op == DurationOp::kMinOf ? "min_of(" : "max_of(") + print(*expr.lhs) + ", " +
            print(*expr.rhs) + ")";
      break;
    default: {
      char op = "+-*/%^"[static_cast<int>(expr.op) - static_cast<int>(DurationOp::kAdd)];
      if (expr.lhs != nullptr) {
        out = print(*expr.lhs) + " " + op + " " + print(*expr.rhs);
      } else {
        out = (op == '-' ? "-" : "") + print(*expr.rhs);
      }
    }
  }
  return expr.wrapped ? "(" + out + ")" : out;
}

}  // namespace nightlight::promql
