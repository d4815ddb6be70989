#include "promql/exec/aggregate/count_values.h"

#include <bit>

#include "base/parse.h"
#include "model/labels.h"
#include "promql/exec/column_room.h"
#include "promql/exec/group_index.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

std::vector<std::string> grouping_with(const AggregationExpr& expr, const std::string& label) {
  std::vector<std::string> names = expr.grouping;
  if (!expr.without) names.push_back(label);
  return names;
}

class CountValues {
 public:
  CountValues(QueryState& state, Domain& domain, const AggregationExpr& expr, const std::string& label)
      : state_(state),
        domain_(domain),
        label_(label),
        index_(!expr.without, grouping_with(expr, label)),
        room_(state, domain, Keep::kForQuery) {}

  Result<void> add(const Column& column) {
    uint64_t last_bits = 0;  // Values repeat from step to step.
    bool has_last = false;
    uint32_t group = 0;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (const Histogram* histogram = histogram_at(column, step)) {
        NIGHTLIGHT_ASSIGN(found, group_of(column.labels, FloatHistogram(*histogram).text()));
        group = found;
        has_last = false;
      } else if (!has_float(column, step)) {
        continue;
      } else if (auto bits = std::bit_cast<uint64_t>(column.values[step]); !has_last || bits != last_bits) {
        NIGHTLIGHT_ASSIGN(found, group_of(column.labels, format_double_plain(column.values[step])));
        group = found;
        last_bits = bits;
        has_last = true;
      }
      const ColumnFill& fill = fills_[group];
      fill.set(step, has_float(*fill.column, step) ? fill.values[step] + 1 : 1);
    }
    return {};
  }

  Result<std::vector<const Column*>> finish() {
    std::vector<const Column*> out;
    for (const ColumnFill& fill : fills_) {
      NIGHTLIGHT_ASSIGN(column, room_.finish(fill));
      out.push_back(column);
    }
    return out;
  }

 private:
  Result<uint32_t> group_of(View<LabelPair> labels, const std::string& value) {
    builder_.reset(labels);
    builder_.set(label_, value);
    uint32_t group = index_.group(builder_.labels());
    if (group < fills_.size()) return group;
    View<LabelPair> counting = index_.counting(builder_.labels());
    View<LabelPair> kept = copy_labels(state_.arena, counting);
    if (kept.data == nullptr && counting.size > 0) return state_.out_of_memory();
    fills_.push_back(room_.fresh(kept, 0, false));
    if (!fills_.back()) return state_.out_of_memory();
    return group;
  }

  QueryState& state_;
  const Domain& domain_;
  const std::string& label_;
  GroupIndex index_;
  ColumnRoom room_;
  LabelsBuilder builder_;
  std::vector<ColumnFill> fills_;  // By group.
};

}  // namespace

Result<VectorStreamPtr> open_count_values(QueryState& state, Domain& domain, const AggregationExpr& expr,
                                          const std::string& label, VectorStreamPtr input) {
  CountValues counts(state, domain, expr, label);
  while (true) {
    NIGHTLIGHT_ASSIGN(column, input->next());
    if (column == nullptr) break;
    NIGHTLIGHT_TRY(counts.add(*column));
  }
  NIGHTLIGHT_ASSIGN(columns, counts.finish());
  return stream_of(std::move(columns), false);
}

}  // namespace nightlight::promql
