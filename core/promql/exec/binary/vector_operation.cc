// Arithmetic and comparison between two vectors: series are paired by their match groups, then combined step by step.
//
// One side (the "one" side) has at most one series of each group at a step; the other (the "many" side, also in
// one-to-one matching) is streamed past it.
#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_map>

#include "model/labels.h"
#include "promql/exec/binary/binary.h"
#include "promql/exec/binary/element.h"
#include "promql/exec/column_room.h"
#include "promql/exec/group_index.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

using Bits = std::vector<uint64_t>;

// The error of the earliest step is the one to tell, as a step by step evaluation would have met it first.
class FirstError {
 public:
  // Of two at the same step, the one told last.
  void set(uint64_t step, std::string message) {
    if (step > step_) return;
    step_ = step;
    message_ = std::move(message);
  }
  uint64_t step() const { return step_; }
  Result<void> result() const {
    if (step_ == UINT64_MAX) return {};
    return Error{Code::kFailedPrecondition, message_};
  }

 private:
  uint64_t step_ = UINT64_MAX;
  std::string message_;
};

// A match group: its series on the one side, and where it has been matched.
struct Group {
  std::vector<const Column*> series;
  Bits matched;
  std::vector<size_t> results;  // Of the operation, into its list.
};

// A column of the result, and the steps at which its labels came out of the matching (also those that a comparison
// drops).
struct Paired {
  const Column* column;
  Bits matched;
};

class VectorOperation {
 public:
  VectorOperation(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr)
      : evaluator_(evaluator),
        state_(evaluator.state()),
        domain_(domain),
        expr_(expr),
        matching_(*expr.matching),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        fill_many_(swapped_ ? matching_.fill_right : matching_.fill_left),
        fill_one_(swapped_ ? matching_.fill_left : matching_.fill_right),
        index_(matching_.on, matching_.labels),
        element_(state_, expr, domain.steps()),
        room_(state_, domain, Keep::kForQuery),
        many_present_(domain.words()) {}

  Result<std::vector<const Column*>> run() {
    if (Result<void> read = read_one_side(); !read.ok()) {
      Error error = std::move(read).error();
      return swapped_ ? error : evaluator_.leftmost_error(*expr_.lhs, domain_, std::move(error));
    }
    NIGHTLIGHT_ASSIGN(many, evaluator_.vector(swapped_ ? *expr_.rhs : *expr_.lhs, domain_, Keep::kUntilNext));
    while (true) {
      NIGHTLIGHT_ASSIGN(column, many->next());
      if (column == nullptr) break;
      mark(*column, many_present_);
      NIGHTLIGHT_TRY(match(*column));
    }
    if (fill_many_) NIGHTLIGHT_TRY(fill_unmatched());
    element_.note_problems();
    check_results();
    check_duplicates();
    NIGHTLIGHT_TRY(error_.result());
    return merge();
  }

 private:
  Result<void> read_one_side() {
    NIGHTLIGHT_ASSIGN(one, evaluator_.vector(swapped_ ? *expr_.lhs : *expr_.rhs, domain_, Keep::kForQuery));
    NIGHTLIGHT_ASSIGN(columns, collect(*one));
    for (const Column* column : columns) {
      group_of(column->labels).series.push_back(column);
      one_side_groups_.push_back(index_.group(column->labels));
    }
    one_side_ = std::move(columns);
    return {};
  }

  Group& group_of(View<LabelPair> labels) {
    uint32_t group = index_.group(labels);
    if (group == groups_.size()) groups_.emplace_back().matched.resize(domain_.words());
    return groups_[group];
  }

  void mark(const Column& column, Bits& present) const {
    for (uint64_t word = 0; word < domain_.words(); ++word) present[word] |= column.valid[word];
    for (uint64_t step = 0; column.histograms != nullptr && step < domain_.steps(); ++step) {
      if (column.histograms[step] != nullptr) set_bit(present.data(), step);
    }
  }

  static Element element_at(const Column& column, uint64_t step) {
    return {column.values[step], histogram_at(column, step)};
  }

  // A series of the many side with each series of its group on the one side, and with the fill value where there is
  // none.
  Result<void> match(const Column& column) {
    Group& group = group_of(column.labels);
    Bits left(domain_.words());  // Steps that found no partner.
    mark(column, left);
    for (const Column* partner : group.series) {
      NIGHTLIGHT_ASSIGN(combined, combine_floats(group, column, *partner, left));
      if (combined) continue;
      auto at = [&](uint64_t step) -> std::optional<std::pair<Element, Element>> {
        if (!has_sample(column, step) || !has_sample(*partner, step)) return std::nullopt;
        clear_bit(left.data(), step);
        return std::pair(element_at(column, step), element_at(*partner, step));
      };
      NIGHTLIGHT_TRY(combine(group, column.labels, partner->labels, column.histograms || partner->histograms, at));
    }
    if (!fill_one_) return {};
    std::vector<LabelPair> own(column.labels.begin(), column.labels.end());
    View<LabelPair> counting = index_.counting(view_of(own));
    std::vector<LabelPair> partner(counting.begin(), counting.end());
    return combine(group, column.labels, view_of(partner), column.histograms != nullptr,
                   [&](uint64_t step) -> std::optional<std::pair<Element, Element>> {
                     // With nothing at all on either side there is nothing to fill in for.
                     if (!bit_at(left.data(), step)) return std::nullopt;
                     return std::pair(element_at(column, step), Element{*fill_one_, nullptr});
                   });
  }

  // The one side's series whose group has met none of the many side.
  Result<void> fill_unmatched() {
    for (const Column* column : one_side_) {
      Group& group = group_of(column->labels);
      Bits before = group.matched;
      View<LabelPair> counting = index_.counting(column->labels);
      std::vector<LabelPair> many(counting.begin(), counting.end());
      NIGHTLIGHT_TRY(combine(group, view_of(many), column->labels, column->histograms != nullptr,
                             [&](uint64_t step) -> std::optional<std::pair<Element, Element>> {
                               if (!has_sample(*column, step) || bit_at(before.data(), step)) return std::nullopt;
                               return std::pair(Element{*fill_many_, nullptr}, element_at(*column, step));
                             }));
    }
    return {};
  }

  // Arithmetic of floats that meet no others: of all steps at once. False when it is not that.
  Result<bool> combine_floats(Group& group, const Column& many, const Column& one, Bits& left) {
    if (!changes_meaning(expr_.op) || many.histograms != nullptr || one.histograms != nullptr) return false;
    Bits both(domain_.words());
    uint64_t any = 0, again = 0;
    for (uint64_t word = 0; word < domain_.words(); ++word) {
      both[word] = many.valid[word] & one.valid[word];
      any |= both[word];
      again |= both[word] & group.matched[word];
    }
    if (again != 0 && matching_.cardinality == Cardinality::kOneToOne) return false;
    if (any == 0) return true;
    NIGHTLIGHT_ASSIGN(labels, result_labels(many.labels, one.labels));
    ColumnFill fill = room_.fresh(labels, 0, false);
    if (!fill) return state_.out_of_memory();
    const double* lhs = swapped_ ? one.values : many.values;
    const double* rhs = swapped_ ? many.values : one.values;
    with_arithmetic(expr_.op, [&](auto f) {
      for (uint64_t step = 0; step < domain_.steps(); ++step) fill.values[step] = f(lhs[step], rhs[step]);
    });
    for (uint64_t word = 0; word < domain_.words(); ++word) {
      fill.valid[word] = both[word];
      left[word] &= ~both[word];
      group.matched[word] |= both[word];
    }
    NIGHTLIGHT_ASSIGN(column, room_.finish(fill));
    group.results.push_back(results_.size());
    results_.push_back({column, std::move(both)});
    return true;
  }

  // `at(step)` gives the elements of the many and the one side, or nothing.
  template <class At>
  Result<void> combine(Group& group, View<LabelPair> many, View<LabelPair> one, bool with_histograms, At at) {
    ColumnFill fill;
    Bits matched;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      auto elements = at(step);
      if (!elements) continue;
      auto [of_many, of_one] = *elements;
      NIGHTLIGHT_ASSIGN(out, swapped_ ? element_.apply(of_one, of_many, step) : element_.apply(of_many, of_one, step));
      if (!out.defined) continue;
      if (!fill) {
        NIGHTLIGHT_ASSIGN(labels, result_labels(many, one));
        fill =
            room_.fresh(labels, expr_.return_bool ? static_cast<uint32_t>(kDropName) * delayed() : 0u, with_histograms);
        if (!fill) return state_.out_of_memory();
        matched.resize(domain_.words());
      }
      if (matching_.cardinality == Cardinality::kOneToOne && bit_at(group.matched.data(), step)) {
        error_.set(step, "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
        continue;
      }
      set_bit(group.matched.data(), step);
      set_bit(matched.data(), step);
      NIGHTLIGHT_TRY(put(fill, step, out));
    }
    if (!fill) return {};
    NIGHTLIGHT_ASSIGN(column, room_.finish(fill));
    group.results.push_back(results_.size());
    results_.push_back({column, std::move(matched)});
    return {};
  }

  uint32_t delayed() const { return state_.options.delayed_name_removal ? 1 : 0; }

  Result<void> put(const ColumnFill& fill, uint64_t step, const ElementOperator::Outcome& out) {
    if (expr_.return_bool) {
      fill.set(step, out.keep ? 1 : 0);
      return {};
    }
    if (!out.keep) return {};
    if (!out.is_histogram) {
      fill.set(step, out.value);
      return {};
    }
    if ((fill.histograms[step] = room_.store(element_.histogram(), step)) == nullptr) return state_.out_of_memory();
    return {};
  }

  Result<View<LabelPair>> result_labels(View<LabelPair> many, View<LabelPair> one) {
    LabelsBuilder builder(many);
    if ((expr_.return_bool && !state_.options.delayed_name_removal) || changes_meaning(expr_.op)) {
      builder.erase_metadata();
    }
    if (matching_.cardinality == Cardinality::kOneToOne) {
      std::vector<std::string_view> names(matching_.labels.begin(), matching_.labels.end());
      std::sort(names.begin(), names.end());
      matching_.on ? builder.keep(names) : builder.erase(names);
    }
    for (const std::string& name : matching_.include) {
      // An empty value erases.
      builder.set(name, label_value(one, name));
    }
    View<LabelPair> labels = copy_labels(state_.arena, builder.labels());
    if (labels.data == nullptr && builder.labels().size > 0) return state_.out_of_memory();
    return labels;
  }

  // Two series of one group at the same step on the one side, while the many side has anything at all. The first one
  // that has a predecessor is told.
  void check_duplicates() {
    const bool fills = fill_one_ || fill_many_;
    if (std::none_of(groups_.begin(), groups_.end(), [](const Group& group) { return group.series.size() > 1; }))
      return;
    std::vector<const Column*> first(groups_.size());
    for (uint64_t step = 0; step < domain_.steps() && step <= error_.step(); ++step) {
      if (!bit_at(many_present_.data(), step) && !fills) continue;
      std::fill(first.begin(), first.end(), nullptr);
      for (size_t i = 0; i < one_side_.size(); ++i) {
        if (!has_sample(*one_side_[i], step)) continue;
        const Column*& earlier = first[one_side_groups_[i]];
        if (earlier != nullptr) return error_.set(step, duplicate_text(*earlier, *one_side_[i]));
        earlier = one_side_[i];
      }
    }
  }

  std::string duplicate_text(const Column& a, const Column& b) {
    std::string texts[] = {format_labels(a.labels), format_labels(b.labels)};
    std::sort(std::begin(texts), std::end(texts));
    return "found duplicate series for the match group " + format_labels(index_.counting(b.labels)) + " on the " +
           (swapped_ ? "left" : "right") + " hand-side of the operation: [" + texts[0] + ", " + texts[1] +
           "];many-to-many matching not allowed: matching labels must be unique on one side";
  }

  // Results with equal labels become one series; at the same step they contradict each other.
  Result<std::vector<const Column*>> merge() {
    std::vector<const Column*> columns;
    for (const Paired& result : results_) {
      if (has_any(*result.column, domain_)) columns.push_back(result.column);
    }
    return merge_equal(state_, domain_, std::move(columns));
  }

  // Two results with the same labels from one group at the same step, also where a comparison does not hold.
  void check_results() {
    if (matching_.cardinality == Cardinality::kOneToOne) return;
    for (const Group& group : groups_) {
      std::unordered_map<uint64_t, std::vector<const Paired*>> by_hash;
      for (size_t i : group.results) {
        std::vector<const Paired*>& same = by_hash[hash_labels(results_[i].column->labels)];
        for (const Paired* other : same) check_apart(*other, results_[i]);
        same.push_back(&results_[i]);
      }
    }
  }

  void check_apart(const Paired& a, const Paired& b) {
    if (!equal_labels(a.column->labels, b.column->labels)) return;
    for (uint64_t word = 0; word < domain_.words(); ++word) {
      const uint64_t both = a.matched[word] & b.matched[word];
      if (both == 0) continue;
      return error_.set(word * 64 + static_cast<uint64_t>(std::countr_zero(both)),
                        "multiple matches for labels: grouping labels must ensure unique matches");
    }
  }

  Evaluator& evaluator_;
  QueryState& state_;
  Domain& domain_;
  const BinaryExpr& expr_;
  const VectorMatching& matching_;
  const bool swapped_;  // The one side is on the left.
  const std::optional<double> fill_many_, fill_one_;
  GroupIndex index_;
  ElementOperator element_;
  ColumnRoom room_;
  std::vector<Group> groups_;
  std::vector<const Column*> one_side_;
  std::vector<uint32_t> one_side_groups_;  // Which group each belongs to.
  Bits many_present_;
  std::vector<Paired> results_;
  FirstError error_;
};

}  // namespace

Result<VectorStreamPtr> open_vector_operation(Evaluator& evaluator, Domain& domain, const BinaryExpr& expr) {
  VectorOperation operation(evaluator, domain, expr);
  NIGHTLIGHT_ASSIGN(columns, operation.run());
  const bool nameless = changes_meaning(expr.op) && expr.matching->include.empty();
  return stream_of(std::move(columns), nameless);
}

}  // namespace nightlight::promql
