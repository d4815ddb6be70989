#include "promql_std/output.h"

#include <cstring>

#include "model/labels.h"

namespace nightlight::promql_std {

View<LabelPair> store_labels(const Scope& scope, View<LabelPair> labels, bool& ok) {
  uint64_t text_size = 0;
  for (const LabelPair& label : labels) text_size += label.name.size + label.value.size;
  auto* pairs = scope.allocate<LabelPair>(labels.size);
  auto* text = scope.allocate<char>(text_size);
  ok = (pairs != nullptr || labels.size == 0) && (text != nullptr || text_size == 0);
  if (!ok) return {};
  auto keep = [&](Str from) {
    if (from.size > 0) std::memcpy(text, from.data, from.size);
    Str kept{text, from.size};
    text += from.size;
    return kept;
  };
  for (uint64_t i = 0; i < labels.size; ++i) pairs[i] = LabelPair{keep(labels[i].name), keep(labels[i].value)};
  return View<LabelPair>{pairs, labels.size};
}

NewColumn new_column(const Scope& scope, View<LabelPair> labels, uint32_t flags) {
  bool ok = false;
  View<LabelPair> kept = store_labels(scope, labels, ok);
  auto* column = scope.allocate<Column>(1);
  auto* values = scope.allocate<double>(scope.steps());
  auto* valid = scope.allocate<uint64_t>(valid_words(scope.steps()));
  if (!ok || column == nullptr || values == nullptr || valid == nullptr) return {};
  *column = Column{sizeof(Column), flags, kept, values, valid, nullptr, nullptr, nullptr};
  return NewColumn{column, values, valid};
}

Renamed drop_name(const Scope& scope, View<LabelPair> labels, std::vector<LabelPair>& room) {
  if (scope.has(kDelayedNameRemoval)) return {labels, kDropName};
  room.clear();
  for (const LabelPair& label : labels) {
    if (!is_metadata_label(view(label.name))) room.push_back(label);
  }
  return {view_of(room), 0};
}

}  // namespace nightlight::promql_std
