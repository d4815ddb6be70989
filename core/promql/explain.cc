#include "promql/explain.h"

#include <algorithm>

#include "nightlight/sugar.h"
#include "promql/exec/selection.h"
#include "promql/exec/window_bounds.h"
#include "promql/json_text.h"
#include "promql/plan/step_invariant.h"
#include "promql/printer.h"

namespace nightlight::promql {
namespace {

constexpr uint64_t kSeriesLookedAt = 16;
constexpr double kBytesPerSample = 16;  // A timestamp and a value, decoded.

std::string operator_of(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return "number";
    case ExprKind::kString:
      return "string";
    case ExprKind::kParen:
      return "parentheses";
    case ExprKind::kUnary:
      return "negation";
    case ExprKind::kBinary:
      return "binary " + std::string(name_of(as<BinaryExpr>(expr).op));
    case ExprKind::kAggregation:
      return "aggregation " + std::string(name_of(as<AggregationExpr>(expr).op));
    case ExprKind::kCall:
      return "function " + std::string(view(as<Call>(expr).function->name));
    case ExprKind::kVectorSelector:
      return "selector";
    case ExprKind::kMatrixSelector:
      return "range selector";
    case ExprKind::kSubquery:
      return "subquery";
  }
  return "";
}

class Explanation {
 public:
  Explanation(QueryState& state, const Expr& root, const Profile* profile)
      : state_(state), profile_(profile), once_(step_invariant_parts(root)) {}

  Result<std::string> explain(const Expr& written, const Domain& domain) {
    const Expr& expr = without_parens(written);
    const bool once = domain.steps() > 1 && (once_.contains(&expr) || once_.contains(&written));
    if (once) {
      Domain single(domain.times_ms.front(), domain.times_ms.front(), 0);
      return node(expr, single, true);
    }
    return node(expr, domain, false);
  }

 private:
  Result<std::string> node(const Expr& expr, const Domain& domain, bool once) {
    std::string out = "{\"operator\":" + json_string(operator_of(expr)) + ",\"expression\":" + json_string(print(expr));
    if (once) out += ",\"evaluatedOnce\":true";
    NIGHTLIGHT_ASSIGN(estimate, estimate_of(expr, domain));
    out += estimate;
    if (const OperatorCost* cost = profile_ == nullptr ? nullptr : profile_->find(expr)) {
      out += ",\"actual\":{\"seconds\":" + json_number(static_cast<double>(cost->elapsed_ns) / 1e9) +
             ",\"series\":" + std::to_string(cost->series) + ",\"samples\":" + std::to_string(cost->samples) + "}";
    }
    NIGHTLIGHT_ASSIGN(below, children_of(expr, domain));
    if (!below.empty()) out += ",\"children\":[" + below + "]";
    return out + "}";
  }

  Result<std::string> children_of(const Expr& expr, const Domain& domain) {
    std::string out;
    if (expr.kind == ExprKind::kMatrixSelector) return out;  // The selector inside is part of it.
    auto add = [&](Result<std::string> child) -> Result<void> {
      if (!child.ok()) return child.error();
      out += (out.empty() ? "" : ",") + *child;
      return {};
    };
    if (const auto* subquery = as_if<SubqueryExpr>(&expr)) {
      Domain inner = inner_domain(*subquery, domain);
      NIGHTLIGHT_TRY(add(explain(*subquery->expr, inner)));
      return out;
    }
    for (const Expr* child : children(expr)) {
      const Expr& bare = without_parens(*child);
      if (bare.kind == ExprKind::kNumber || bare.kind == ExprKind::kString) continue;
      NIGHTLIGHT_TRY(add(explain(*child, domain)));
    }
    return out;
  }

  // An approximation that is good enough to say how many steps there are: bounded, whatever the query says.
  Domain inner_domain(const SubqueryExpr& subquery, const Domain& outer) const {
    std::vector<int64_t> ends = reference_times(state_, outer, subquery.shift);
    if (ends.empty()) return {0, -1, 1};
    const int64_t interval_ms = subquery.step_ms != 0 ? subquery.step_ms : state_.options.subquery_step_ms;
    const int64_t start_ms = saturating_sub(ends.front(), subquery.range_ms);
    const int64_t longest_ms = interval_ms * 10'000;
    return {std::max(start_ms, saturating_sub(ends.back(), longest_ms)), ends.back(), interval_ms};
  }

  Result<std::string> estimate_of(const Expr& expr, const Domain& domain) {
    const auto* matrix = as_if<MatrixSelector>(&expr);
    const auto* selector = matrix != nullptr ? matrix->selector.get() : as_if<VectorSelector>(&expr);
    if (selector == nullptr) return std::string();
    WindowShape shape = window_shape(selector->mode, matrix != nullptr ? matrix->range_ms : state_.options.lookback_ms,
                                     state_.options.lookback_ms, reference_times(state_, domain, selector->shift));
    NIGHTLIGHT_ASSIGN(selection, Selection::open(state_, selector->matchers, shape.first_ms(), shape.last_ms(), {}));
    const uint64_t series = state_.selections.back()->size();
    uint64_t looked_at = 0, samples = 0;
    while (looked_at < kSeriesLookedAt) {
      NIGHTLIGHT_ASSIGN(next, selection.next());
      if (next == nullptr) break;
      ++looked_at;
      samples += next->samples->values.size + next->samples->histograms.size;
    }
    const double per_series = looked_at == 0 ? 0 : static_cast<double>(samples) / static_cast<double>(looked_at);
    const double all = per_series * static_cast<double>(series);
    return ",\"estimate\":{\"series\":" + std::to_string(series) +
           ",\"samples\":" + std::to_string(static_cast<int64_t>(all)) +
           ",\"bytes\":" + std::to_string(static_cast<int64_t>(all * kBytesPerSample)) + "}";
  }

  QueryState& state_;
  const Profile* const profile_;
  const std::unordered_set<const Expr*> once_;
};

void add_trace(const Expr& written, const Profile& profile, std::string& out) {
  const Expr& expr = without_parens(written);
  const OperatorCost* cost = profile.find(expr);
  std::string message = operator_of(expr) + ": " + print(expr);
  if (cost != nullptr)
    message += ", " + std::to_string(cost->series) + " series, " + std::to_string(cost->samples) + " samples";
  out += "{\"message\":" + json_string(message) +
         ",\"durationMs\":" + json_number(cost == nullptr ? 0 : static_cast<double>(cost->elapsed_ns) / 1e6) +
         ",\"children\":[";
  bool first = true;
  for (const Expr* child : children(expr)) {
    const Expr& bare = without_parens(*child);
    if (bare.kind == ExprKind::kNumber || bare.kind == ExprKind::kString || expr.kind == ExprKind::kMatrixSelector)
      continue;
    if (!std::exchange(first, false)) out += ',';
    add_trace(bare, profile, out);
  }
  out += "]}";
}

}  // namespace

Result<std::string> explain_plan(QueryState& state, const Domain& domain, const Expr& root, const Profile* profile) {
  return Explanation(state, root, profile).explain(root, domain);
}

std::string trace_of(const Expr& root, const Profile& profile) {
  std::string out;
  add_trace(root, profile, out);
  return out;
}

}  // namespace nightlight::promql
