#include "promql/exec/column_room.h"

#include <algorithm>
#include <cstring>

#include "model/labels.h"

namespace nightlight::promql {

bool has_any(const Column& column, const Domain& domain) {
  for (uint64_t i = 0; i < domain.words(); ++i) {
    if (column.valid[i] != 0) return true;
  }
  if (column.histograms == nullptr) return false;
  return std::any_of(column.histograms, column.histograms + domain.steps(),
                     [](const Histogram* h) { return h != nullptr; });
}

int64_t sample_count(const Column& column, const Domain& domain) {
  int64_t count = 0;
  for (uint64_t i = 0; i < domain.words(); ++i) count += std::popcount(column.valid[i]);
  if (column.histograms == nullptr) return count;
  for (uint64_t step = 0; step < domain.steps(); ++step) {
    if (column.histograms[step] != nullptr) count += size_in_samples(*column.histograms[step]);
  }
  return count;
}

ColumnFill ColumnRoom::fresh(View<LabelPair> labels, uint32_t flags, bool with_histograms) {
  if (keep_ == Keep::kUntilNext) scratch_.reset();
  BlockArena& memory = arena();
  ColumnFill out;
  View<LabelPair> pairs = copy_pairs(memory, labels);
  out.column = allocate_array<Column>(memory, 1);
  out.values = allocate_array<double>(memory, domain_.steps());
  out.valid = allocate_zeroed<uint64_t>(memory, domain_.words());
  if (with_histograms) out.histograms = allocate_zeroed<const Histogram*>(memory, domain_.steps());
  bool failed = out.column == nullptr || out.values == nullptr || out.valid == nullptr ||
                (with_histograms && out.histograms == nullptr) || (pairs.data == nullptr && labels.size > 0);
  if (failed) return {};
  *out.column = Column{sizeof(Column), flags, pairs, out.values, out.valid, out.histograms, nullptr, nullptr};
  return out;
}

const Column* ColumnRoom::copy(const Column& column) {
  ColumnFill fill = fresh(column.labels, column.flags, column.histograms != nullptr);
  if (!fill) return nullptr;
  std::memcpy(fill.values, column.values, domain_.steps() * sizeof(double));
  std::memcpy(fill.valid, column.valid, domain_.words() * sizeof(uint64_t));
  if (column.histograms != nullptr) {
    FloatHistogram room;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      if (column.histograms[step] == nullptr) continue;
      room.assign(*column.histograms[step]);
      if ((fill.histograms[step] = store(room, step)) == nullptr) return nullptr;
    }
  }
  return fill.column;
}

Result<const Column*> ColumnRoom::finish(const ColumnFill& fill) {
  for (uint64_t word = 0; word < domain_.words(); ++word) {
    const uint64_t begin = word * 64, left = domain_.steps() - begin;
    const uint64_t steps = left < 64 ? (uint64_t{1} << left) - 1 : ~uint64_t{0};
    for (uint64_t none = ~fill.valid[word] & steps; none != 0; none &= none - 1)
      fill.values[begin + static_cast<uint64_t>(std::countr_zero(none))] = 0;
  }
  if (keep_ == Keep::kForQuery) NIGHTLIGHT_TRY(state_.charge(sample_count(*fill.column, domain_)));
  return fill.column;
}

View<LabelPair> copy_pairs(Arena& arena, View<LabelPair> labels) {
  if (labels.empty()) return {};
  auto* pairs = allocate_array<LabelPair>(arena, labels.size);
  if (pairs == nullptr) return {};
  std::copy(labels.begin(), labels.end(), pairs);
  return {pairs, labels.size};
}

View<LabelPair> copy_labels(Arena& arena, View<LabelPair> labels) {
  uint64_t size = 0;
  for (const LabelPair& label : labels) size += label.name.size + label.value.size;
  auto* pairs = allocate_array<LabelPair>(arena, labels.size);
  auto* text = allocate_array<char>(arena, size);
  if (pairs == nullptr || text == nullptr) return {};
  auto keep = [&](Str from) {
    std::memcpy(text, from.data, from.size);
    Str kept{text, from.size};
    text += from.size;
    return kept;
  };
  for (uint64_t i = 0; i < labels.size; ++i) {
    Str name = keep(labels[i].name);
    pairs[i] = {name, keep(labels[i].value)};
  }
  return {pairs, labels.size};
}

View<LabelPair> without_metadata(View<LabelPair> labels, std::vector<LabelPair>& room) {
  room.clear();
  for (const LabelPair& label : labels) {
    if (!is_metadata_label(view(label.name))) room.push_back(label);
  }
  return view_of(room);
}

}  // namespace nightlight::promql
