#include "promql/exec/aggregate/choice.h"

#include <algorithm>
#include <cmath>

#include "model/labels.h"
#include "promql/exec/column_groups.h"
#include "promql/exec/column_room.h"
#include "promql/exec/histogram_notes.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

struct Candidate {
  double value;
  const Histogram* histogram;
  uint32_t series;
};

// A heap with the worst candidate on top, with Go's container/heap's moves, so that of equal values the same ones stay
// as in Prometheus.
class Heap {
 public:
  explicit Heap(bool smallest_on_top) : sign_(smallest_on_top ? 1 : -1) {}

  void push(std::vector<Candidate>& heap, const Candidate& added) const {
    heap.push_back(added);
    size_t at = heap.size() - 1;
    while (at > 0 && less(heap[at], heap[(at - 1) / 2])) {
      std::swap(heap[at], heap[(at - 1) / 2]);
      at = (at - 1) / 2;
    }
  }
  void replace_top(std::vector<Candidate>& heap, const Candidate& added) const {
    heap[0] = added;
    for (size_t at = 0;;) {
      size_t child = 2 * at + 1;
      if (child >= heap.size()) return;
      if (child + 1 < heap.size() && less(heap[child + 1], heap[child])) ++child;
      if (!less(heap[child], heap[at])) return;
      std::swap(heap[at], heap[child]);
      at = child;
    }
  }
  // Whether a value deserves the place of the one on top.
  bool better(double value, double top) const {
    return sign_ * top < sign_ * value || (std::isnan(top) && !std::isnan(value));
  }
  // NaN is worse than everything.
  bool less(const Candidate& a, const Candidate& b) const {
    return std::isnan(a.value) || sign_ * a.value < sign_ * b.value;
  }

 private:
  const double sign_;
};

class Choice {
 public:
  Choice(QueryState& state, Domain& domain, const AggregationExpr& expr, const double* parameter)
      : state_(state),
        domain_(domain),
        expr_(expr),
        parameter_(parameter),
        column_groups_(!expr.without, expr.grouping),
        heap_(expr.op != AggregationOp::kBottomk),
        room_(state, domain, Keep::kForQuery) {}

  Result<void> add(const Column& column) {
    uint32_t group = column_groups_.group(column);
    if (group == groups_.size()) groups_.emplace_back(domain_.steps());
    const double offset = expr_.op == AggregationOp::kLimitRatio ? ratio_offset(column.labels) : 0;
    const size_t before = chosen_;
    bool ignored = false;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      const Histogram* histogram = histogram_at(column, step);
      if (histogram == nullptr && !has_float(column, step)) continue;
      Candidate candidate{column.values[step], histogram, static_cast<uint32_t>(series_.size())};
      NIGHTLIGHT_TRY(consider(groups_[group][step], step, candidate, offset, ignored));
    }
    if (ignored) notes::histogram_ignored(state_.notes, name_of(expr_.op), expr_.span);
    if (chosen_ == before) return {};
    View<LabelPair> labels = copy_pairs(state_.arena, column.labels);
    if (labels.data == nullptr && column.labels.size > 0) return state_.out_of_memory();
    series_.push_back({labels, column.flags});
    return {};
  }

  Result<std::vector<const Column*>> finish() {
    std::vector<ColumnFill> fills(series_.size());
    std::vector<const Column*> columns;
    for (auto& group : groups_) {
      for (uint64_t step = 0; step < domain_.steps(); ++step) {
        order(group[step]);
        for (const Candidate& candidate : group[step]) {
          ColumnFill& fill = fills[candidate.series];
          if (!fill) {
            const Series& series = series_[candidate.series];
            fill = room_.fresh(series.labels, series.flags, true);
            if (!fill) return state_.out_of_memory();
            columns.push_back(fill.column);
          }
          if (candidate.histogram != nullptr) {
            fill.histograms[step] = candidate.histogram;
          } else {
            fill.set(step, candidate.value);
          }
        }
      }
    }
    for (const ColumnFill& fill : fills) {
      if (fill) NIGHTLIGHT_TRY(room_.finish(fill));
    }
    return columns;
  }

 private:
  struct Series {
    View<LabelPair> labels;
    uint32_t flags;
  };

  bool ranks() const { return expr_.op == AggregationOp::kTopk || expr_.op == AggregationOp::kBottomk; }

  // Where the series stands between 0 and 1, by its labels alone.
  static double ratio_offset(View<LabelPair> labels) {
    constexpr double kMost = 18446744073709551615.0;
    return static_cast<double>(hash_labels(labels)) / kMost;
  }

  Result<void> consider(std::vector<Candidate>& heap, uint64_t step, Candidate candidate, double offset,
                        bool& ignored) {
    if (expr_.op == AggregationOp::kLimitRatio) {
      double ratio = std::clamp(parameter_[step], -1.0, 1.0);
      if (ratio == 0 || !(ratio > 0 ? offset < ratio : offset >= 1 + ratio)) return {};
      return choose(heap, step, candidate);
    }
    const double k = parameter_[step];
    if (!(k >= 1)) return {};
    if (ranks() && candidate.histogram != nullptr) {
      ignored = true;
      return {};
    }
    if (heap.size() < static_cast<uint64_t>(k)) return choose(heap, step, candidate);
    if (ranks() && heap_.better(candidate.value, heap[0].value)) {
      heap_.replace_top(heap, candidate);
      ++chosen_;
    }
    return {};
  }

  Result<void> choose(std::vector<Candidate>& heap, uint64_t step, Candidate candidate) {
    if (candidate.histogram != nullptr) {
      candidate.histogram = room_.store(FloatHistogram(*candidate.histogram), step);
      if (candidate.histogram == nullptr) return state_.out_of_memory();
    }
    ranks() ? heap_.push(heap, candidate) : heap.push_back(candidate);
    ++chosen_;
    return {};
  }

  // Best first.
  void order(std::vector<Candidate>& heap) const {
    if (!ranks()) return;
    std::stable_sort(heap.begin(), heap.end(), [&](const Candidate& a, const Candidate& b) {
      if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value) && std::isnan(b.value);
      return heap_.less(b, a);
    });
  }

  QueryState& state_;
  const Domain& domain_;
  const AggregationExpr& expr_;
  const double* const parameter_;
  ColumnGroups column_groups_;
  const Heap heap_;
  ColumnRoom room_;
  std::vector<Series> series_;
  std::vector<std::vector<std::vector<Candidate>>> groups_;  // By group and step.
  size_t chosen_ = 0;
};

}  // namespace

Result<VectorStreamPtr> open_choice(QueryState& state, Domain& domain, const AggregationExpr& expr,
                                    const double* parameter, VectorStreamPtr input) {
  Choice choice(state, domain, expr, parameter);
  while (true) {
    NIGHTLIGHT_ASSIGN(column, input->next());
    if (column == nullptr) break;
    NIGHTLIGHT_TRY(choice.add(*column));
  }
  NIGHTLIGHT_ASSIGN(columns, choice.finish());
  return stream_of(std::move(columns), input->distinct_without_name());
}

}  // namespace nightlight::promql
