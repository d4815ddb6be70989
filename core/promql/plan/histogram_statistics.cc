#include "promql/plan/histogram_statistics.h"

#include <algorithm>

#include "nightlight/sugar.h"

namespace nightlight::promql {
namespace {

enum class Need { kUndecided, kStatistics, kBuckets };

// What an expression makes of the histograms below it.
Need need_of(const Expr& expr) {
  constexpr std::string_view kOfStatistics[] = {"histogram_count", "histogram_sum",   "histogram_avg",
                                                "timestamp",       "start_timestamp", "absent"};
  constexpr std::string_view kOfBuckets[] = {"histogram_quantile", "histogram_quantiles", "histogram_fraction",
                                             "histogram_stddev",   "histogram_stdvar",    "changes"};
  auto among = [](auto& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  switch (expr.kind) {
    case ExprKind::kSubquery:
      return Need::kBuckets;
    case ExprKind::kCall: {
      std::string_view name = view(as<Call>(expr).function->name);
      if (among(kOfBuckets, name)) return Need::kBuckets;
      return among(kOfStatistics, name) ? Need::kStatistics : Need::kUndecided;
    }
    case ExprKind::kAggregation:
      return as<AggregationExpr>(expr).op == AggregationOp::kCountValues ? Need::kBuckets : Need::kUndecided;
    case ExprKind::kBinary: {
      BinaryOp op = as<BinaryExpr>(expr).op;
      bool whole = op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower || op == BinaryOp::kEqual ||
                   op == BinaryOp::kNotEqual;
      return whole ? Need::kBuckets : Need::kUndecided;
    }
    default:
      return Need::kUndecided;
  }
}

// `above` is what the expressions around make of it: buckets, once asked for, are needed whatever is further out.
void visit(const Expr& expr, Need above, std::unordered_set<const VectorSelector*>& out) {
  if (const auto* selector = as_if<VectorSelector>(&expr)) {
    if (above == Need::kStatistics) out.insert(selector);
    return;
  }
  Need here = need_of(expr);
  Need below = above == Need::kBuckets || here == Need::kUndecided ? above : here;
  for (const Expr* child : children(expr)) visit(*child, below, out);
}

}  // namespace

std::unordered_set<const VectorSelector*> statistics_only_selectors(const Expr& expr) {
  std::unordered_set<const VectorSelector*> out;
  visit(expr, Need::kUndecided, out);
  return out;
}

}  // namespace nightlight::promql
