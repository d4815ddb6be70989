#include "promql/duration_expr.h"

#include <algorithm>
#include <cmath>

namespace nightlight::promql {
namespace {

constexpr double kLargestSeconds = 9223372036.854775807;

Error error_at(const DurationExpr& expr, const char* what) {
  return Error{Code::kInvalidArgument,
               std::to_string(expr.span.start) + ":" + std::to_string(expr.span.end) + ": " + what};
}

Result<double> evaluate(const DurationExpr& expr, const DurationScope& scope) {
  double lhs = 0;
  double rhs = 0;
  if (expr.lhs != nullptr) {
    NIGHTLIGHT_ASSIGN(value, evaluate(*expr.lhs, scope));
    lhs = value;
  }
  if (expr.rhs != nullptr) {
    NIGHTLIGHT_ASSIGN(value, evaluate(*expr.rhs, scope));
    rhs = value;
  }
  switch (expr.op) {
    case DurationOp::kNumber:
      return expr.number;
    case DurationOp::kAdd:
      return lhs + rhs;
    case DurationOp::kSub:
      return lhs - rhs;
    case DurationOp::kMul:
      return lhs * rhs;
    case DurationOp::kDiv:
      if (rhs == 0) return error_at(expr, "division by zero");
      return lhs / rhs;
    case DurationOp::kMod:
      if (rhs == 0) return error_at(expr, "modulo by zero");
      return std::fmod(lhs, rhs);
    case DurationOp::kPow:
      return std::pow(lhs, rhs);
    case DurationOp::kStep:
      return static_cast<double>(scope.step_ms) / 1000;
    case DurationOp::kRange:
      return static_cast<double>(scope.range_ms) / 1000;
    case DurationOp::kMinOf:
    case DurationOp::kMaxOf:
      if (std::isnan(lhs) || std::isnan(rhs)) return std::nan("");
      return expr.op == DurationOp::kMinOf ? std::min(lhs, rhs) : std::max(lhs, rhs);
  }
  return 0.0;
}

enum class Sign { kPositive, kAny };

// Nothing to do without an expression.
Result<void> resolve(const std::unique_ptr<DurationExpr>& expr, const DurationScope& scope, Sign sign,
                     int64_t* out_ms) {
  if (expr == nullptr) return {};
  NIGHTLIGHT_ASSIGN(seconds, evaluate(*expr, scope));
  if (!std::isfinite(seconds)) return error_at(*expr, "duration is NaN or infinite");
  if (sign == Sign::kPositive && seconds <= 0) return error_at(*expr, "duration must be greater than 0");
  if (std::fabs(seconds) > kLargestSeconds) return error_at(*expr, "duration is out of range");
  *out_ms = duration_to_ms(seconds);
  return {};
}

}  // namespace

int64_t duration_to_ms(double seconds) { return static_cast<int64_t>(std::round(seconds * 1e9)) / 1000000; }

Result<void> resolve_durations(Expr& expr, const DurationScope& scope) {
  if (auto* selector = as_if<VectorSelector>(&expr)) {
    return resolve(selector->shift.offset_expr, scope, Sign::kAny, &selector->shift.offset_ms);
  }
  if (auto* matrix = as_if<MatrixSelector>(&expr)) {
    NIGHTLIGHT_TRY(resolve(matrix->range_expr, scope, Sign::kPositive, &matrix->range_ms));
  }
  if (auto* subquery = as_if<SubqueryExpr>(&expr)) {
    NIGHTLIGHT_TRY(resolve(subquery->shift.offset_expr, scope, Sign::kAny, &subquery->shift.offset_ms));
    NIGHTLIGHT_TRY(resolve(subquery->step_expr, scope, Sign::kPositive, &subquery->step_ms));
    if (subquery->step_expr != nullptr && subquery->step_ms == 0) {
      return error_at(*subquery->step_expr, "subquery step must be at least 1ms");
    }
    NIGHTLIGHT_TRY(resolve(subquery->range_expr, scope, Sign::kPositive, &subquery->range_ms));
  }
  for (Expr* child : children(expr)) NIGHTLIGHT_TRY(resolve_durations(*child, scope));
  return {};
}

}  // namespace nightlight::promql
