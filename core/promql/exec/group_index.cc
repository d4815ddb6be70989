#include "promql/exec/group_index.h"

#include <algorithm>

#include "model/labels.h"

namespace nightlight::promql {

GroupIndex::GroupIndex(bool only_these, std::vector<std::string> names)
    : only_these_(only_these), names_(std::move(names)) {
  std::sort(names_.begin(), names_.end());
}

View<LabelPair> GroupIndex::counting(View<LabelPair> labels) {
  counting_.clear();
  auto name = names_.begin();
  for (const LabelPair& label : labels) {
    std::string_view text = view(label.name);
    while (name != names_.end() && *name < text) ++name;
    const bool named = name != names_.end() && *name == text;
    if (only_these_ ? named : !named && !is_metadata_label(text)) counting_.push_back(label);
  }
  return view_of(counting_);
}

std::string_view GroupIndex::key_of(View<LabelPair> labels) {
  key_.clear();
  if (only_these_ && names_.empty()) return key_;
  auto add = [&](Str text) {
    auto size = static_cast<uint32_t>(text.size);
    key_.append(reinterpret_cast<const char*>(&size), sizeof size);
    key_.append(text.data, text.size);
  };
  for (const LabelPair& label : counting(labels)) {
    add(label.name);
    add(label.value);
  }
  return key_;
}

uint32_t GroupIndex::group(View<LabelPair> labels) {
  std::string_view key = key_of(labels);
  auto found = groups_.find(key);
  if (found == groups_.end()) found = groups_.emplace(std::string(key), size()).first;
  return found->second;
}

bool GroupIndex::find(View<LabelPair> labels, uint32_t* out) {
  auto found = groups_.find(key_of(labels));
  if (found == groups_.end()) return false;
  *out = found->second;
  return true;
}

}  // namespace nightlight::promql
