// and, or, unless: by which series exist, not by their values.
#include <cstring>

#include "promql/exec/binary/binary.h"
#include "promql/exec/column_groups.h"
#include "promql/exec/column_room.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

using Bits = std::vector<uint64_t>;

// For each match group, the steps at which a side has a series of it.
class Presence {
 public:
  Presence(const Domain& domain, const VectorMatching& matching)
      : domain_(domain), groups_(matching.on, matching.labels) {}

  void add(const Column& column) {
    uint32_t group = groups_.group(column);
    if (group == bits_.size()) bits_.emplace_back(domain_.words());
    for (uint64_t i = 0; i < domain_.words(); ++i) bits_[group][i] |= column.valid[i];
    for (uint64_t step = 0; column.histograms != nullptr && step < domain_.steps(); ++step) {
      if (column.histograms[step] != nullptr) set_bit(bits_[group].data(), step);
    }
  }

  // Null: nowhere.
  const Bits* of(View<LabelPair> labels) {
    uint32_t group = 0;
    return groups_.index().find(labels, &group) ? &bits_[group] : nullptr;
  }

 private:
  const Domain& domain_;
  ColumnGroups groups_;
  std::vector<Bits> bits_;
};

Result<void> read_presence(Evaluator& evaluator, Domain& domain, const Expr& expr, Presence& presence) {
  NIGHTLIGHT_ASSIGN(columns, evaluator.vector(expr, domain, Keep::kUntilNext));
  while (true) {
    NIGHTLIGHT_ASSIGN(column, columns->next());
    if (column == nullptr) return {};
    presence.add(*column);
  }
}

// A column where the group of its labels is (or is not) present. Null: nothing is left.
Result<const Column*> mask(QueryState& state, const Domain& domain, const Column& column, const Bits* present,
                           bool where_present, ColumnRoom& room) {
  if (present == nullptr && where_present) return nullptr;
  ColumnFill fill = room.fresh(column.labels, column.flags, column.histograms != nullptr);
  if (!fill) return state.out_of_memory();
  FloatHistogram histogram;
  for (uint64_t step = 0; step < domain.steps(); ++step) {
    if ((present != nullptr && bit_at(present->data(), step)) != where_present) continue;
    if (has_float(column, step)) fill.set(step, column.values[step]);
    const Histogram* from = histogram_at(column, step);
    if (from == nullptr) continue;
    histogram.assign(*from);
    if ((fill.histograms[step] = room.store(histogram, step)) == nullptr) return state.out_of_memory();
  }
  if (!has_any(*fill.column, domain)) return nullptr;
  return room.finish(fill);
}

class Masked final : public VectorStream {
 public:
  Masked(QueryState& state, Domain& domain, VectorStreamPtr columns, Presence presence, bool where_present, Keep keep)
      : state_(state),
        domain_(domain),
        columns_(std::move(columns)),
        presence_(std::move(presence)),
        where_present_(where_present),
        room_(state, domain, keep) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(column, columns_->next());
      if (column == nullptr) return nullptr;
      NIGHTLIGHT_ASSIGN(masked, mask(state_, domain_, *column, presence_.of(column->labels), where_present_, room_));
      if (masked != nullptr) return masked;
    }
  }
  bool distinct_without_name() const override { return columns_->distinct_without_name(); }

 private:
  QueryState& state_;
  const Domain& domain_;
  VectorStreamPtr columns_;
  Presence presence_;
  const bool where_present_;
  ColumnRoom room_;
};

Result<VectorStreamPtr> open_or(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr) {
  QueryState& state = evaluator.state();
  NIGHTLIGHT_ASSIGN(left, evaluator.vector(*expr.lhs, domain, Keep::kForQuery));
  NIGHTLIGHT_ASSIGN(columns, collect(*left));
  Presence presence(domain, *expr.matching);
  for (const Column* column : columns) presence.add(*column);
  NIGHTLIGHT_ASSIGN(right, evaluator.vector(*expr.rhs, domain, Keep::kUntilNext));
  ColumnRoom room(state, domain, Keep::kForQuery);
  while (true) {
    NIGHTLIGHT_ASSIGN(column, right->next());
    if (column == nullptr) break;
    NIGHTLIGHT_ASSIGN(added, mask(state, domain, *column, presence.of(column->labels), false, room));
    if (added != nullptr) columns.push_back(added);
  }
  NIGHTLIGHT_ASSIGN(merged, merge_equal(state, domain, std::move(columns)));
  return stream_of(std::move(merged), false);
}

}  // namespace

Result<VectorStreamPtr> open_set_operation(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr, Keep keep) {
  if (expr.op == BinaryOp::kOr) return open_or(evaluator, domain, expr);
  // The right side is only looked at, so it is read first and forgotten.
  Presence presence(domain, *expr.matching);
  Result<void> read = read_presence(evaluator, domain, *expr.rhs, presence);
  if (!read.ok()) return evaluator.leftmost_error(*expr.lhs, domain, std::move(read).error());
  NIGHTLIGHT_ASSIGN(left, evaluator.vector(*expr.lhs, domain, Keep::kUntilNext));
  return VectorStreamPtr(std::make_unique<Masked>(evaluator.state(), domain, std::move(left), std::move(presence),
                                                  expr.op == BinaryOp::kAnd, keep));
}

}  // namespace nightlight::promql
