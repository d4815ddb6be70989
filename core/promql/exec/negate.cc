#include "promql/exec/negate.h"

#include <cstring>

#include "promql/exec/dropped_name.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

class Negation final : public VectorStream {
 public:
  Negation(QueryState& state, Domain& domain, VectorStreamPtr operand, Keep keep)
      : state_(state), domain_(domain), operand_(std::move(operand)), renamed_(state), room_(state, domain, keep) {}

  Result<const Column*> next() override {
    NIGHTLIGHT_ASSIGN(column, operand_->next());
    if (column == nullptr) return nullptr;
    renamed_.apply(column->labels, column->flags);
    ColumnFill fill = room_.fresh(renamed_.labels, renamed_.flags, column->histograms != nullptr);
    if (!fill) return state_.out_of_memory();
    for (uint64_t step = 0; step < domain_.steps(); ++step) fill.values[step] = -column->values[step];
    std::memcpy(fill.valid, column->valid, domain_.words() * sizeof(uint64_t));
    if (column->histograms == nullptr) return room_.finish(fill);
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (column->histograms[step] == nullptr) continue;
      histogram_.assign(*column->histograms[step]);
      histogram_.multiply(-1);
      if ((fill.histograms[step] = room_.store(histogram_, step)) == nullptr) return state_.out_of_memory();
    }
    return room_.finish(fill);
  }

  bool distinct_without_name() const override { return operand_->distinct_without_name(); }

 private:
  QueryState& state_;
  const Domain& domain_;
  VectorStreamPtr operand_;
  DroppedName renamed_;
  ColumnRoom room_;
  FloatHistogram histogram_;
};

}  // namespace

Result<VectorStreamPtr> open_negation(QueryState& state, Domain& domain, VectorStreamPtr operand, Keep keep) {
  Keep kept = keep_for_merging(state, operand->distinct_without_name(), keep);
  return merge_nameless(state, domain, std::make_unique<Negation>(state, domain, std::move(operand), kept));
}

}  // namespace nightlight::promql
