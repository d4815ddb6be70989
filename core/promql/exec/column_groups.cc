#include "promql/exec/column_groups.h"

#include <algorithm>

namespace nightlight::promql {
namespace {

bool is_same_place(Str a, Str b) { return a.data == b.data && a.size == b.size; }

}  // namespace

bool ColumnGroups::has_last_names(View<LabelPair> labels) const {
  return names_number_ != 0 && std::equal(labels.begin(), labels.end(), last_names_.begin(), last_names_.end(),
                                          [](const LabelPair& l, Str name) { return is_same_place(l.name, name); });
}

void ColumnGroups::note_names(View<LabelPair> labels) {
  ++names_number_;
  last_names_.clear();
  counting_.clear();
  const View<LabelPair> counting = index_.counting(labels);
  for (size_t i = 0; i < labels.size; ++i) {
    last_names_.push_back(labels[i].name);
    if (std::any_of(counting.begin(), counting.end(),
                    [&](const LabelPair& l) { return is_same_place(l.name, labels[i].name); }))
      counting_.push_back(i);
  }
}

uint32_t ColumnGroups::group(const Column& column) {
  const View<LabelPair> labels = column.labels;
  if (!has_last_names(labels)) {
    if (names_number_ == kMostNames) return index_.group(labels);
    note_names(labels);
  }
  if (counting_.size() > Known::kMostLabels) return index_.group(labels);
  uint64_t place = 0;
  for (size_t i : counting_)
    place = (place ^ reinterpret_cast<uintptr_t>(labels[i].value.data)) * 0x9e3779b97f4a7c15ull;
  static_assert(std::tuple_size_v<decltype(known_)> == 64);
  Known& known = known_[place >> 58];
  const auto is_value = [&](size_t i, Str value) { return is_same_place(labels[i].value, value); };
  if (known.names_number == names_number_ &&
      std::equal(counting_.begin(), counting_.end(), known.values.begin(), is_value))
    return known.group;
  known.names_number = names_number_;
  known.group = index_.group(labels);
  for (size_t i = 0; i < counting_.size(); ++i) known.values[i] = labels[counting_[i]].value;
  return known.group;
}

}  // namespace nightlight::promql
