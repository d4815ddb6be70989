// Label sets sorted into groups by some of their labels: the keys of aggregations and of vector matching.
#ifndef NIGHTLIGHT_PROMQL_EXEC_GROUP_INDEX_H_
#define NIGHTLIGHT_PROMQL_EXEC_GROUP_INDEX_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nightlight/abi.h"

namespace nightlight::promql {

// `by(...)`, `on(...)`: only these labels count. `without(...)`, `ignoring(...)`: all but these, and neither name, type
// nor unit.
class GroupIndex {
 public:
  GroupIndex(bool only_these, std::vector<std::string> names);

  // The number of the group that the label set belongs to, counted from 0 as they come.
  uint32_t group(View<LabelPair> labels);
  // The same, but a group that is not there yet stays so: false then.
  bool find(View<LabelPair> labels, uint32_t* out);
  uint32_t size() const { return static_cast<uint32_t>(groups_.size()); }

  // The labels that count, borrowed from `labels`; valid until the next call.
  View<LabelPair> counting(View<LabelPair> labels);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  std::string_view key_of(View<LabelPair> labels);

  const bool only_these_;
  std::vector<std::string> names_;  // Sorted.
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> groups_;
  std::string key_;
  std::vector<LabelPair> counting_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_GROUP_INDEX_H_
