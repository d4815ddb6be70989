#include "promql/exec/broadcast.h"

#include <utility>

#include "promql/exec/column_room.h"

namespace nightlight::promql {
namespace {

class Broadcast final : public VectorStream {
 public:
  Broadcast(QueryState& state, Domain& outer, std::unique_ptr<Domain> inner, VectorStreamPtr columns, Keep keep)
      : state_(state),
        outer_(outer),
        inner_(std::move(inner)),
        columns_(std::move(columns)),
        room_(state, outer, keep) {}

  Result<const Column*> next() override {
    NIGHTLIGHT_ASSIGN(column, columns_->next());
    if (column == nullptr) {
      // It was read once, for the first step, and looked at in every step.
      int64_t looked_at = std::exchange(inner_->queryable_samples[0], 0);
      for (int64_t& count : outer_.queryable_samples) count += looked_at;
      outer_.read_samples[0] += std::exchange(inner_->read_samples[0], 0);
      return nullptr;
    }
    const Histogram* histogram = histogram_at(*column, 0);
    ColumnFill fill = room_.fresh(column->labels, column->flags, histogram != nullptr);
    if (!fill) return state_.out_of_memory();
    if (histogram == nullptr) {
      for (uint64_t step = 0; step < outer_.steps(); ++step) fill.set(step, column->values[0]);
      return room_.finish(fill);
    }
    // Buckets are shared, but each step's histogram has the step's time.
    const Histogram* first = room_.store(FloatHistogram(*histogram), 0);
    auto* copies = allocate_array<Histogram>(room_.arena(), outer_.steps());
    if (first == nullptr || copies == nullptr) return state_.out_of_memory();
    for (uint64_t step = 0; step < outer_.steps(); ++step) {
      copies[step] = *first;
      copies[step].timestamp_ms = outer_.times_ms[step];
      fill.histograms[step] = &copies[step];
    }
    return room_.finish(fill);
  }

  bool distinct_without_name() const override { return columns_->distinct_without_name(); }

 private:
  QueryState& state_;
  Domain& outer_;
  const std::unique_ptr<Domain> inner_;
  VectorStreamPtr columns_;
  ColumnRoom room_;
};

}  // namespace

Result<VectorStreamPtr> open_broadcast(QueryState& state, Domain& domain, const OpenInner& open, Keep keep) {
  int64_t at_ms = domain.times_ms.front();
  auto inner = std::make_unique<Domain>(at_ms, at_ms, 0);
  NIGHTLIGHT_ASSIGN(columns, open(*inner));
  return VectorStreamPtr(std::make_unique<Broadcast>(state, domain, std::move(inner), std::move(columns), keep));
}

}  // namespace nightlight::promql
