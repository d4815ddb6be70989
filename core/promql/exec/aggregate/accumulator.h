// What an aggregation remembers of its groups: a state for each group and step.
#ifndef NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_ACCUMULATOR_H_
#define NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_ACCUMULATOR_H_

#include <memory>

#include "promql/ast.h"
#include "promql/exec/column_room.h"

namespace nightlight::promql {

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // Makes room for one more group, numbered as they come. False: no memory.
  virtual bool add_group() = 0;
  // Takes the samples of a series into a group.
  virtual Result<void> add(uint32_t group, const Column& column) = 0;
  // Writes what a group comes to. `fill` has room for histograms if `with_histograms` said so.
  virtual Result<void> finish(uint32_t group, ColumnRoom& room, const ColumnFill& fill) = 0;
  virtual bool with_histograms(uint32_t) const { return false; }
};
using AccumulatorPtr = std::unique_ptr<Accumulator>;

// sum, avg: of floats or of histograms.
AccumulatorPtr make_sum(QueryState& state, const Domain& domain, const AggregationExpr& expr);
// count, group, min, max, stddev, stdvar
AccumulatorPtr make_statistic(QueryState& state, const Domain& domain, const AggregationExpr& expr);
// quantile; `parameter` has one value per step.
AccumulatorPtr make_quantile(QueryState& state, const Domain& domain, const AggregationExpr& expr,
                             const double* parameter);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_AGGREGATE_ACCUMULATOR_H_
