// count, group, min, max, stddev and stdvar.
#include <cmath>
#include <limits>

#include "promql/exec/aggregate/accumulator.h"
#include "promql/exec/histogram_notes.h"

namespace nightlight::promql {
namespace {

// Arrays of one double per step for each group, and which steps have been seen.
class Statistic : public Accumulator {
 public:
  Statistic(QueryState& state, const Domain& domain, const AggregationExpr& expr)
      : state_(state), domain_(domain), expr_(expr) {}

  bool add_group() override {
    Group& group = groups_.emplace_back();
    group.seen = allocate_zeroed<uint64_t>(state_.arena, domain_.words());
    group.values = allocate_zeroed<double>(state_.arena, domain_.steps());
    return group.seen != nullptr && group.values != nullptr;
  }

  Result<void> finish(uint32_t number, ColumnRoom&, const ColumnFill& fill) override {
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (bit_at(groups_[number].seen, step)) fill.set(step, groups_[number].values[step]);
    }
    return {};
  }

 protected:
  struct Group {
    uint64_t* seen = nullptr;
    double* values = nullptr;
  };

  // For those that do not know what to do with a histogram.
  void note_histograms(const Column& column) const {
    for (uint64_t step = 0; column.histograms != nullptr && step < domain_.steps(); ++step) {
      if (column.histograms[step] == nullptr) continue;
      notes::histogram_ignored(state_.notes, name_of(expr_.op), without_parens(*expr_.expr).span);
      return;
    }
  }

  QueryState& state_;
  const Domain& domain_;
  const AggregationExpr& expr_;
  std::vector<Group> groups_;
};

class Count final : public Statistic {
 public:
  using Statistic::Statistic;

  Result<void> add(uint32_t number, const Column& column) override {
    Group& group = groups_[number];
    const bool only_presence = expr_.op == AggregationOp::kGroup;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!has_sample(column, step)) continue;
      set_bit(group.seen, step);
      group.values[step] = only_presence ? 1 : group.values[step] + 1;
    }
    return {};
  }
};

class Extreme final : public Statistic {
 public:
  using Statistic::Statistic;

  Result<void> add(uint32_t number, const Column& column) override {
    Group& group = groups_[number];
    const bool greatest = expr_.op == AggregationOp::kMax;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!has_float(column, step)) continue;
      const double value = column.values[step];
      double& best = group.values[step];
      const bool better = !bit_at(group.seen, step) || (greatest ? best < value : best > value) || std::isnan(best);
      if (better) best = value;
      set_bit(group.seen, step);
    }
    note_histograms(column);
    return {};
  }
};

// Welford's method.
class Spread final : public Statistic {
 public:
  using Statistic::Statistic;

  bool add_group() override {
    double* means = allocate_zeroed<double>(state_.arena, domain_.steps());
    double* counts = allocate_zeroed<double>(state_.arena, domain_.steps());
    moments_.push_back({means, counts});
    return Statistic::add_group() && means != nullptr && counts != nullptr;
  }

  Result<void> add(uint32_t number, const Column& column) override {
    Group& group = groups_[number];
    auto [means, counts] = moments_[number];
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!has_float(column, step)) continue;
      const double value = column.values[step];
      counts[step] += 1;
      if (!bit_at(group.seen, step)) {
        set_bit(group.seen, step);
        means[step] = value;
        group.values[step] = std::isfinite(value) ? 0 : std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      const double delta = value - means[step];
      means[step] += delta / counts[step];
      group.values[step] += delta * (value - means[step]);
    }
    note_histograms(column);
    return {};
  }

  Result<void> finish(uint32_t number, ColumnRoom&, const ColumnFill& fill) override {
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!bit_at(groups_[number].seen, step)) continue;
      double variance = groups_[number].values[step] / moments_[number].counts[step];
      fill.set(step, expr_.op == AggregationOp::kStddev ? std::sqrt(variance) : variance);
    }
    return {};
  }

 private:
  struct Moments {
    double* means;
    double* counts;
  };
  std::vector<Moments> moments_;
};

}  // namespace

AccumulatorPtr make_statistic(QueryState& state, const Domain& domain, const AggregationExpr& expr) {
  switch (expr.op) {
    case AggregationOp::kMin:
    case AggregationOp::kMax:
      return std::make_unique<Extreme>(state, domain, expr);
    case AggregationOp::kStddev:
    case AggregationOp::kStdvar:
      return std::make_unique<Spread>(state, domain, expr);
    default:
      return std::make_unique<Count>(state, domain, expr);
  }
}

}  // namespace nightlight::promql
