// The series of a selector, read from the storage one after the other.
#ifndef NIGHTLIGHT_PROMQL_EXEC_SELECTION_H_
#define NIGHTLIGHT_PROMQL_EXEC_SELECTION_H_

#include <string_view>
#include <vector>

#include "promql/ast.h"
#include "promql/exec/query_state.h"

namespace nightlight::promql {

// What the storage is told of a selector's use.
struct SelectionHints {
  std::string_view function;  // Innermost function or aggregation.
  int64_t step_ms = 0, range_ms = 0;
  bool statistics_only = false;  // Of histograms only count, sum and hint are wanted (not for the storage).
};

class Selection {
 public:
  struct Series {
    View<LabelPair> labels;  // Until the next call; their text as long as the query.
    const SeriesSamples* samples;
    uint64_t batch;  // Grows with each batch of the storage: ids of timestamps are comparable within one.
  };

  // Finds the series that match and may have samples in [start_ms, end_ms].
  static Result<Selection> open(QueryState& state, const std::vector<LabelMatcher>& matchers, int64_t start_ms,
                                int64_t end_ms, const SelectionHints& hints);

  // The next series, valid until the next call; null at the end.
  Result<const Series*> next();
  // Whether the series stay distinct without name, type and unit.
  bool distinct_without_name() const { return distinct_; }

  uint64_t size() const { return set_->size(); }
  // [any] The same series, read on behalf of a part of the query: none until move_to is called.
  Selection part(QueryState& state) const;
  // Goes on with the series [first, first + count). Batches are told from those before.
  Result<void> move_to(uint64_t first, uint64_t count);

 private:
  Selection(QueryState& state, SeriesSet* set) : state_(&state), set_(set) {}
  View<LabelPair> labels_of(uint64_t series);
  bool has_type_or_unit() const;

  QueryState* state_;
  SeriesSet* set_;  // Owned by the state.
  Owned<SeriesCursor> cursor_;
  SeriesBatch batch_{};
  uint64_t at_ = 0;  // Into the batch.
  Series series_{};
  std::vector<LabelPair> labels_;
  bool distinct_ = false;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_SELECTION_H_
