#include "promql/exec/selection.h"

#include <algorithm>

#include "model/labels.h"

namespace nightlight::promql {

Result<Selection> Selection::open(QueryState& state, const std::vector<LabelMatcher>& matchers, int64_t start_ms,
                                  int64_t end_ms, const SelectionHints& hints) {
  std::vector<Matcher> plain;
  std::vector<const Matcher*> pointers;
  bool one_name = false;
  for (const LabelMatcher& m : matchers) {
    plain.push_back(Matcher{sizeof(Matcher), m.op, str(m.name), str(m.value)});
    one_name |= m.op == MatchOp::kEqual && m.name == kMetricNameLabel && !m.value.empty();
  }
  for (const Matcher& m : plain) pointers.push_back(&m);
  Select select{};
  select.struct_size = sizeof select;
  // What is added up in the order of the series must not depend on where the store has them at the moment.
  select.flags = kSortedByLabels;
  select.context = &state.context;
  select.matchers = view_of(pointers);
  select.start_ms = start_ms;
  select.end_ms = end_ms;
  select.step_ms = hints.step_ms;
  select.range_ms = hints.range_ms;
  select.function = str(hints.function);
  SeriesSet* set = nullptr;
  if (Status status = state.storage->select(&select, &set); !status.ok()) return state.storage_error(status);
  state.selections.emplace_back(set);
  state.series_touched += static_cast<int64_t>(set->size());
  for (Str warning : set->warnings()) state.notes.add_foreign_warning(view(warning));
  Selection selection(state, set);
  selection.distinct_ = one_name && !selection.has_type_or_unit();
  NIGHTLIGHT_TRY(selection.move_to(0, set->size()));
  return selection;
}

Selection Selection::part(QueryState& state) const {
  Selection out(state, set_);
  out.distinct_ = distinct_;
  return out;
}

Result<void> Selection::move_to(uint64_t first, uint64_t count) {
  cursor_.reset();  // The storage may use its memory for the next one.
  SeriesCursor* cursor = nullptr;
  if (Status status = set_->open(first, count, &cursor); !status.ok()) return state_->storage_error(status);
  cursor_.reset(cursor);
  batch_ = {};
  at_ = 0;
  return {};
}

bool Selection::has_type_or_unit() const {
  View<Str> symbols = set_->symbols();
  auto is_type_or_unit = [](Str text) { return view(text) == kMetricTypeLabel || view(text) == kMetricUnitLabel; };
  // Names are among the symbols, which are fewer than labels.
  if (std::none_of(symbols.begin(), symbols.end(), is_type_or_unit)) return false;
  for (uint64_t i = 0; i < set_->size(); ++i) {
    View<LabelRef> refs = set_->labels(i);
    auto is_other = [&](LabelRef ref) { return is_type_or_unit(symbols[ref.name]); };
    if (std::any_of(refs.begin(), refs.end(), is_other)) return true;
  }
  return false;
}

View<LabelPair> Selection::labels_of(uint64_t series) {
  View<Str> symbols = set_->symbols();
  const View<LabelRef> refs = set_->labels(series);
  labels_.resize(refs.size);
  for (uint64_t i = 0; i < refs.size; ++i) labels_[i] = {symbols[refs[i].name], symbols[refs[i].value]};
  return view_of(labels_);
}

Result<const Selection::Series*> Selection::next() {
  while (at_ == batch_.series.size) {
    NIGHTLIGHT_TRY(state_->check());
    batch_ = SeriesBatch{sizeof(SeriesBatch), 0, {}};
    if (Status status = cursor_->next(&batch_); !status.ok()) return state_->storage_error(status);
    if (batch_.series.empty()) return nullptr;
    at_ = 0;
    ++series_.batch;
  }
  series_.samples = batch_.series[at_++];
  series_.labels = labels_of(series_.samples->series);
  return &series_;
}

}  // namespace nightlight::promql
