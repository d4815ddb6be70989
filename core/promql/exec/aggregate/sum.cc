// sum and avg.
#include <map>

#include "base/vector_clones.h"
#include "model/histogram_sum.h"
#include "model/kahan.h"
#include "promql/exec/aggregate/accumulator.h"
#include "promql/exec/histogram_notes.h"

namespace nightlight::promql {
namespace {

// The mean by way of the sum, as long as that does not overflow; incremental from then on.
struct MeanState {
  CompensatedSum sum;  // Or the mean so far, when incremental.
  double count = 0;
  bool incremental = false;

  void add(double value) {
    count += 1;
    if (count == 1) {
      sum.sum = value;
      return;
    }
    if (!incremental) {
      CompensatedSum next = sum;
      next.add(value);
      if (!std::isinf(next.sum)) {
        sum = next;
        return;
      }
      incremental = true;
      sum.sum /= count - 1;
      sum.compensation /= count - 1;
    }
    double share = (count - 1) / count;
    sum.sum *= share;
    sum.compensation *= share;
    sum.add(value / count);
  }
  double mean() const { return incremental ? sum.sum + sum.compensation : sum.sum / count + sum.compensation / count; }
};

// The histograms of a group at a step.
struct HistogramState {
  HistogramSum sum;
  HistogramMean mean;
  bool incompatible = false;  // A mix of exponential and custom buckets: there is no result.
  bool reset_seen = false, no_reset_seen = false;
};

// CompensatedSum::add for `count` sums. No branch depends on the values, so that the compiler can do several at once.
NIGHTLIGHT_VECTOR_CLONES void add_run(double* __restrict sums, double* __restrict compensations,
                                      const double* __restrict values, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const double value = values[i], sum = sums[i], total = sum + value;
    const double larger = std::fabs(sum) >= std::fabs(value) ? sum : value;
    const double smaller = std::fabs(sum) >= std::fabs(value) ? value : sum;
    const double correction = compensations[i] + ((larger - total) + smaller);
    compensations[i] = std::fabs(total) == HUGE_VAL ? 0 : correction;
    sums[i] = total;
  }
}

class SumOrAverage final : public Accumulator {
 public:
  SumOrAverage(QueryState& state, const Domain& domain, const AggregationExpr& expr)
      : state_(state), domain_(domain), expr_(expr), average_(expr.op == AggregationOp::kAvg) {}

  bool add_group() override {
    Group& group = groups_.emplace_back();
    group.seen = allocate_zeroed<uint64_t>(state_.arena, domain_.words());
    if (average_) {
      group.means = allocate_array<MeanState>(state_.arena, domain_.steps());
      if (group.means != nullptr) std::uninitialized_fill_n(group.means, domain_.steps(), MeanState{});
    } else {
      group.sums = allocate_zeroed<double>(state_.arena, domain_.steps());
      group.compensations = allocate_zeroed<double>(state_.arena, domain_.steps());
    }
    return group.seen != nullptr &&
           (average_ ? group.means != nullptr : group.sums != nullptr && group.compensations != nullptr);
  }

  Result<void> add(uint32_t number, const Column& column) override {
    Group& group = groups_[number];
    average_ ? add_to_means(group, column) : add_to_sums(group, column);
    for (uint64_t step = 0; column.histograms != nullptr && step < domain_.steps(); ++step) {
      if (column.histograms[step] != nullptr) NIGHTLIGHT_TRY(add_histogram(group, step, column));
    }
    return {};
  }

  Result<void> finish(uint32_t number, ColumnRoom& room, const ColumnFill& fill) override {
    Group& group = groups_[number];
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!bit_at(group.seen, step)) continue;
      if (!average_) {
        fill.set(step, group.sums[step] + group.compensations[step]);
      } else {
        fill.set(step, group.means[step].mean());
      }
    }
    for (auto& [step, histograms] : group.histograms) {
      if (has_float(*fill.column, step)) {
        clear_bit(fill.valid, step);
        notes::mixed_in_aggregation(state_.notes, without_parens(*expr_.expr).span);
        continue;
      }
      if (histograms.incompatible) continue;
      if (histograms.reset_seen && histograms.no_reset_seen)
        notes::hint_conflict(state_.notes, "aggregation", without_parens(*expr_.expr).span);
      FloatHistogram total = average_ ? histograms.mean.mean() : histograms.sum.total();
      total.compact();
      if ((fill.histograms[step] = room.store(total, step)) == nullptr) return state_.out_of_memory();
    }
    return {};
  }

  bool with_histograms(uint32_t group) const override { return !groups_[group].histograms.empty(); }

 private:
  struct Group {
    uint64_t* seen = nullptr;  // Steps with a float.
    double* sums = nullptr;
    double* compensations = nullptr;
    MeanState* means = nullptr;
    std::map<uint64_t, HistogramState> histograms;  // By step.
  };

  void add_to_sums(Group& group, const Column& column) const {
    for (uint64_t word = 0; word < domain_.words(); ++word) {
      const uint64_t valid = column.valid[word];
      if (valid == 0) continue;
      const uint64_t begin = word * 64, seen = group.seen[word];
      if ((valid & seen) == valid) {
        add_runs(group, column, begin, valid);
      } else {
        for (uint64_t bits = valid; bits != 0; bits &= bits - 1) {
          const uint64_t step = begin + static_cast<uint64_t>(std::countr_zero(bits));
          add_one(group, step, column.values[step], (seen >> (step - begin) & 1) != 0);
        }
      }
      group.seen[word] |= valid;
    }
  }

  // The steps from `begin` on whose bits are set, all of which the group has seen.
  static void add_runs(Group& group, const Column& column, uint64_t begin, uint64_t bits) {
    for (uint64_t at = begin; bits != 0;) {
      const int gap = std::countr_zero(bits);
      at += static_cast<uint64_t>(gap);
      bits >>= gap;
      const int run = std::countr_one(bits);
      add_run(group.sums + at, group.compensations + at, column.values + at, static_cast<uint64_t>(run));
      at += static_cast<uint64_t>(run);
      bits = run == 64 ? 0 : bits >> run;
    }
  }

  static void add_one(Group& group, uint64_t step, double value, bool seen) {
    if (!seen) {  // The first value as it is: 0 + -0 would be 0.
      group.sums[step] = value;
      return;
    }
    CompensatedSum sum{group.sums[step], group.compensations[step]};
    sum.add(value);
    group.sums[step] = sum.sum;
    group.compensations[step] = sum.compensation;
  }

  void add_to_means(Group& group, const Column& column) const {
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (!has_float(column, step)) continue;
      group.means[step].add(column.values[step]);
      set_bit(group.seen, step);
    }
  }

  Result<void> add_histogram(Group& group, uint64_t step, const Column& column) {
    const Histogram& histogram = *column.histograms[step];
    if (bit_at(group.seen, step)) {
      group.histograms.try_emplace(step);  // The mix makes the result void; no need to add it up.
      return {};
    }
    auto [at, first] = group.histograms.try_emplace(step);
    HistogramState& state = at->second;
    if (state.incompatible) return {};
    state.reset_seen |= histogram.reset_hint == ResetHint::kReset;
    state.no_reset_seen |= histogram.reset_hint == ResetHint::kNotReset;
    FloatHistogram added(histogram);
    if (first) {
      average_ ? void(state.mean = HistogramMean(added)) : void(state.sum = HistogramSum(std::move(added)));
      return {};
    }
    Result<Reconciled> done = average_ ? state.mean.add(added) : state.sum.add(added);
    if (!done.ok()) {
      if (done.error().code != Code::kInvalidArgument) return Error{Code::kFailedPrecondition, done.error().message};
      notes::mixed_schemas(state_.notes, label_value(column.labels, kMetricNameLabel),
                           without_parens(*expr_.expr).span);
      state.incompatible = true;
    } else if (done->custom_bounds) {
      notes::bounds_reconciled(state_.notes, "aggregation", without_parens(*expr_.expr).span);
    }
    return {};
  }

  QueryState& state_;
  const Domain& domain_;
  const AggregationExpr& expr_;
  const bool average_;
  std::vector<Group> groups_;
};

}  // namespace

AccumulatorPtr make_sum(QueryState& state, const Domain& domain, const AggregationExpr& expr) {
  return std::make_unique<SumOrAverage>(state, domain, expr);
}

}  // namespace nightlight::promql
