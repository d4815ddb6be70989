#include "promql/exec/aggregate/aggregate.h"

#include <algorithm>
#include <cmath>

#include "base/parse.h"
#include "base/utf8.h"
#include "model/labels.h"
#include "promql/exec/aggregate/accumulator.h"
#include "promql/exec/aggregate/choice.h"
#include "promql/exec/aggregate/count_values.h"
#include "promql/exec/column_groups.h"
#include "promql/exec/column_room.h"
#include "promql/exec/merge_equal.h"
#include "promql/go_text.h"

namespace nightlight::promql {
namespace {

// The least and the greatest value of a parameter over all steps.
struct ParameterRange {
  double least = HUGE_VAL, greatest = -HUGE_VAL;
  bool any_nan = false;

  ParameterRange(const double* values, uint64_t steps) {
    for (uint64_t step = 0; step < steps; ++step) {
      least = std::min(least, values[step]);
      greatest = std::max(greatest, values[step]);
      any_nan |= std::isnan(values[step]);
    }
  }
};

Error failed(std::string message) { return {Code::kFailedPrecondition, std::move(message)}; }

// Whether anything can be chosen at all; the error for a k that is no number.
Result<bool> check_count(const ParameterRange& k) {
  constexpr double kLimit = 9223372036854775808.0;
  if (k.any_nan) return failed("Parameter value is NaN");
  if (k.greatest < 1) return false;
  if (k.least <= -kLimit) return failed("Scalar value " + format_double_g(k.least) + " underflows int64");
  if (k.greatest >= kLimit) return failed("Scalar value " + format_double_g(k.greatest) + " overflows int64");
  return true;
}

const std::string& value_label(const AggregationExpr& expr) {
  return as<StringLiteral>(without_parens(*expr.parameter)).value;
}

Result<void> check_value_label(const AggregationExpr& expr) {
  const std::string& label = value_label(expr);
  if (label.empty() || !is_utf8(label)) return Error{Code::kFailedPrecondition, "invalid label name " + quote(label)};
  return {};
}

Result<bool> check_ratio(QueryState& state, const ParameterRange& ratio, const AggregationExpr& expr) {
  if (ratio.any_nan) return failed("Ratio value is NaN");
  if (ratio.greatest == 0 && ratio.least == 0) return false;
  auto warn = [&](double given, const char* capped) {
    state.notes.add(NoteKind::kWarning,
                    "ratio value should be between -1 and 1, got " + format_double_g(given) + ", capping to " + capped,
                    without_parens(*expr.parameter).span, expr.span);
  };
  if (ratio.greatest > 1) warn(ratio.greatest, "1");
  if (ratio.least < -1) warn(ratio.least, "-1");
  return true;
}

void check_quantile(QueryState& state, const ParameterRange& q, const AggregationExpr& expr) {
  auto warn = [&](double given) {
    state.notes.add(NoteKind::kWarning, "quantile value should be between 0 and 1, got " + format_double_g(given),
                    without_parens(*expr.parameter).span, expr.span);
  };
  if (q.any_nan) return warn(std::nan(""));  // Then there is no least and no greatest.
  if (q.greatest > 1) warn(q.greatest);
  if (q.least < 0) warn(q.least);
}

Result<VectorStreamPtr> open_groups(QueryState& state, Domain& domain, const AggregationExpr& expr,
                                    AccumulatorPtr accumulator, VectorStreamPtr input) {
  ColumnGroups column_groups(!expr.without, expr.grouping);
  struct Group {
    View<LabelPair> labels;
    uint32_t flags;
  };
  std::vector<Group> groups;
  while (true) {
    NIGHTLIGHT_ASSIGN(column, input->next());
    if (column == nullptr) break;
    uint32_t number = column_groups.group(*column);
    if (number == groups.size()) {
      View<LabelPair> labels = copy_pairs(state.arena, column_groups.index().counting(column->labels));
      groups.push_back({labels, 0});
      if (!accumulator->add_group()) return state.out_of_memory();
    }
    groups[number].flags |= column->flags;
    NIGHTLIGHT_TRY(accumulator->add(number, *column));
  }
  ColumnRoom room(state, domain, Keep::kForQuery);
  std::vector<const Column*> columns;
  for (uint32_t number = 0; number < groups.size(); ++number) {
    ColumnFill fill = room.fresh(groups[number].labels, groups[number].flags, accumulator->with_histograms(number));
    if (!fill) return state.out_of_memory();
    NIGHTLIGHT_TRY(accumulator->finish(number, room, fill));
    if (!has_any(*fill.column, domain)) continue;
    NIGHTLIGHT_ASSIGN(column, room.finish(fill));
    columns.push_back(column);
  }
  const bool by_metadata =
      !expr.without && std::any_of(expr.grouping.begin(), expr.grouping.end(),
                                   [](const std::string& name) { return is_metadata_label(name); });
  return stream_of(std::move(columns), !by_metadata);
}

bool is_choice(AggregationOp op) {
  return op == AggregationOp::kTopk || op == AggregationOp::kBottomk || op == AggregationOp::kLimitk ||
         op == AggregationOp::kLimitRatio;
}

}  // namespace

Result<VectorStreamPtr> open_aggregation(Evaluator& evaluator, Domain& domain, const AggregationExpr& expr) {
  QueryState& state = evaluator.state();
  if (expr.op == AggregationOp::kCountValues) NIGHTLIGHT_TRY(check_value_label(expr));
  const double* parameter = nullptr;
  if (has_parameter(expr.op) && expr.op != AggregationOp::kCountValues) {
    NIGHTLIGHT_ASSIGN(values, evaluator.scalar(without_parens(*expr.parameter), domain));
    parameter = values;
  }
  SelectionHints hints;
  hints.function = name_of(expr.op);
  hints.step_ms = domain.interval_ms;
  NIGHTLIGHT_ASSIGN(input, evaluator.vector(without_parens(*expr.expr), domain, Keep::kUntilNext, hints));
  if (is_choice(expr.op)) {
    ParameterRange range(parameter, domain.steps());
    Result<bool> any = expr.op == AggregationOp::kLimitRatio ? check_ratio(state, range, expr) : check_count(range);
    if (!any.ok() || !*any) {
      // The input's own error comes first, and what it has to note is told even when nothing is chosen from it.
      NIGHTLIGHT_TRY(collect(*input));
      if (!any.ok()) return any.error();
      return stream_of({}, true);
    }
    return open_choice(state, domain, expr, parameter, std::move(input));
  }
  switch (expr.op) {
    case AggregationOp::kCountValues:
      return open_count_values(state, domain, expr, value_label(expr), std::move(input));
    case AggregationOp::kQuantile:
      check_quantile(state, ParameterRange(parameter, domain.steps()), expr);
      return open_groups(state, domain, expr, make_quantile(state, domain, expr, parameter), std::move(input));
    case AggregationOp::kSum:
    case AggregationOp::kAvg:
      return open_groups(state, domain, expr, make_sum(state, domain, expr), std::move(input));
    default:
      return open_groups(state, domain, expr, make_statistic(state, domain, expr), std::move(input));
  }
}

}  // namespace nightlight::promql
