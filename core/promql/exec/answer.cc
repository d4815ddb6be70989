#include "promql/exec/answer.h"

#include <algorithm>

#include "model/labels.h"
#include "promql/exec/column_room.h"
#include "promql/exec/extended_range.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {
namespace {

// With delayed name removal, now is when names go.
Result<std::vector<const Column*>> drop_names(QueryState& state, const Domain& domain,
                                              std::vector<const Column*> columns) {
  std::vector<LabelPair> room;
  for (const Column*& column : columns) {
    if ((column->flags & kDropName) == 0) continue;
    auto* renamed = allocate_array<Column>(state.arena, 1);
    if (renamed == nullptr) return state.out_of_memory();
    *renamed = *column;
    renamed->flags &= ~static_cast<uint32_t>(kDropName);
    renamed->labels = copy_pairs(state.arena, without_metadata(column->labels, room));
    if (renamed->labels.data == nullptr && !room.empty()) return state.out_of_memory();
    column = renamed;
  }
  return merge_equal(state, domain, std::move(columns));
}

template <class T>
View<T> keep(Arena& arena, const T* from, uint64_t count) {
  T* memory = allocate_array<T>(arena, count);
  if (memory == nullptr) return {};
  std::copy(from, from + count, memory);
  return {memory, count};
}

// The samples of the only window.
Result<AnswerSeries> window_answer(QueryState& state, const WindowSeries& series) {
  Windows w = series.windows;
  ExtendedWindow extended;
  if (w.mode != RangeMode::kPlain) {
    NIGHTLIGHT_TRY(extended.fill(w));
    extended.apply(w);
  }
  AnswerSeries out;
  std::vector<LabelPair> room;
  bool drop = (series.flags & kDropName) != 0;
  View<LabelPair> labels = drop ? without_metadata(w.labels, room) : w.labels;
  out.labels = copy_pairs(state.arena, labels);
  const uint64_t floats = w.end[0] - w.begin[0];
  out.timestamps_ms = keep(state.arena, w.timestamps_ms + w.begin[0], floats);
  out.values = keep(state.arena, w.values + w.begin[0], floats);
  bool failed =
      (labels.size > 0 && out.labels.data == nullptr) || out.timestamps_ms.size != floats || out.values.size != floats;
  int64_t samples = static_cast<int64_t>(floats);
  if (w.histogram_begin != nullptr && w.histogram_begin[0] < w.histogram_end[0]) {
    const uint64_t count = w.histogram_end[0] - w.histogram_begin[0];
    auto* pointers = allocate_array<const Histogram*>(state.arena, count);
    failed |= pointers == nullptr;
    for (uint64_t i = 0; !failed && i < count; ++i) {
      const Histogram& histogram = *w.histograms[w.histogram_begin[0] + i];
      pointers[i] = FloatHistogram(histogram).store(&state.arena, histogram.timestamp_ms);
      failed |= pointers[i] == nullptr;
      if (!failed) samples += size_in_samples(*pointers[i]);
    }
    out.histograms = {pointers, count};
  }
  if (failed) return state.out_of_memory();
  NIGHTLIGHT_TRY(state.charge(samples));
  return out;
}

Result<Answer> matrix_answer(Evaluator& evaluator, const Expr& expr, Domain& domain) {
  Answer answer;
  answer.type = ValueType::kMatrix;
  NIGHTLIGHT_ASSIGN(windows, evaluator.windows(expr, domain));
  while (true) {
    NIGHTLIGHT_ASSIGN(series, windows->next());
    if (series == nullptr) break;
    NIGHTLIGHT_ASSIGN(added, window_answer(evaluator.state(), *series));
    if (!added.values.empty() || !added.histograms.empty()) answer.series.push_back(added);
  }
  auto before = [](const AnswerSeries& a, const AnswerSeries& b) { return compare_labels(a.labels, b.labels) < 0; };
  std::sort(answer.series.begin(), answer.series.end(), before);
  auto equal = [](const AnswerSeries& a, const AnswerSeries& b) { return equal_labels(a.labels, b.labels); };
  if (std::adjacent_find(answer.series.begin(), answer.series.end(), equal) != answer.series.end())
    return Error{Code::kFailedPrecondition, "vector cannot contain metrics with the same labelset"};
  return answer;
}

Result<Answer> scalar_answer(Evaluator& evaluator, const Expr& expr, Domain& domain, bool range) {
  Answer answer;
  answer.type = range ? ValueType::kMatrix : ValueType::kScalar;
  NIGHTLIGHT_ASSIGN(values, evaluator.scalar(expr, domain));
  answer.series.push_back({{}, view_of(domain.times_ms), {values, domain.steps()}, {}});
  return answer;
}

}  // namespace

Result<Answer> evaluate_answer(Evaluator& evaluator, const Expr& expr, Domain& domain, bool range) {
  QueryState& state = evaluator.state();
  switch (expr.type()) {
    case ValueType::kString: {
      Answer answer;
      answer.type = ValueType::kString;
      answer.string = as<StringLiteral>(without_parens(expr)).value;
      return answer;
    }
    case ValueType::kScalar:
      return scalar_answer(evaluator, expr, domain, range);
    case ValueType::kMatrix:
      return matrix_answer(evaluator, expr, domain);
    case ValueType::kVector:
      break;
  }
  Answer answer;
  answer.type = range ? ValueType::kMatrix : ValueType::kVector;
  NIGHTLIGHT_ASSIGN(stream, evaluator.vector(expr, domain, Keep::kForQuery));
  NIGHTLIGHT_ASSIGN(columns, collect(*stream));
  if (state.options.delayed_name_removal) {
    NIGHTLIGHT_ASSIGN(renamed, drop_names(state, domain, std::move(columns)));
    columns = std::move(renamed);
  }
  answer.columns = std::move(columns);
  if (range) {
    std::sort(answer.columns.begin(), answer.columns.end(),
              [](const Column* a, const Column* b) { return compare_labels(a->labels, b->labels) < 0; });
  }
  return answer;
}

}  // namespace nightlight::promql
