// quantile: every value of a group and step has to be remembered.
#include "model/quantile.h"

#include "promql/exec/aggregate/accumulator.h"
#include "promql/exec/histogram_notes.h"

namespace nightlight::promql {
namespace {

class Quantile final : public Accumulator {
 public:
  Quantile(QueryState& state, const Domain& domain, const AggregationExpr& expr, const double* parameter)
      : state_(state), domain_(domain), expr_(expr), parameter_(parameter) {}
  ~Quantile() override { state_.budget.give_back(charged_bytes_); }

  bool add_group() override {
    groups_.emplace_back(domain_.steps());
    return charge(domain_.steps() * sizeof(std::vector<double>));
  }

  Result<void> add(uint32_t group, const Column& column) override {
    bool histogram = false;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      histogram |= histogram_at(column, step) != nullptr;
      if (!has_float(column, step)) continue;
      std::vector<double>& values = groups_[group][step];
      if (values.size() == values.capacity()) {
        const size_t room = std::max<size_t>(4, values.size() * 2);
        if (!charge((room - values.size()) * sizeof(double))) return state_.out_of_memory();
        values.reserve(room);
      }
      values.push_back(column.values[step]);
    }
    if (histogram) notes::histogram_ignored(state_.notes, "quantile", without_parens(*expr_.expr).span);
    return {};
  }

  Result<void> finish(uint32_t group, ColumnRoom&, const ColumnFill& fill) override {
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      std::vector<double>& values = groups_[group][step];
      if (!values.empty()) fill.set(step, nightlight::quantile(parameter_[step], values));
    }
    return {};
  }

 private:
  bool charge(uint64_t size_bytes) {
    if (!state_.budget.take(size_bytes)) return false;
    charged_bytes_ += size_bytes;
    return true;
  }

  QueryState& state_;
  const Domain& domain_;
  const AggregationExpr& expr_;
  const double* const parameter_;
  std::vector<std::vector<std::vector<double>>> groups_;  // By group and step.
  uint64_t charged_bytes_ = 0;
};

}  // namespace

AccumulatorPtr make_quantile(QueryState& state, const Domain& domain, const AggregationExpr& expr,
                             const double* parameter) {
  return std::make_unique<Quantile>(state, domain, expr, parameter);
}

}  // namespace nightlight::promql
