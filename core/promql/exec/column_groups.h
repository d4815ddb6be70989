// The groups of columns. Series of one storage mostly have the same names, and each text once: where a column's texts
// lie tells its group without reading them, since they stay there as long as the query.
#ifndef NIGHTLIGHT_PROMQL_EXEC_COLUMN_GROUPS_H_
#define NIGHTLIGHT_PROMQL_EXEC_COLUMN_GROUPS_H_

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "nightlight/function.h"
#include "promql/exec/group_index.h"

namespace nightlight::promql {

class ColumnGroups {
 public:
  // As of a GroupIndex.
  ColumnGroups(bool only_these, std::vector<std::string> names) : index_(only_these, std::move(names)) {}

  // The number of the group that the column belongs to.
  uint32_t group(const Column& column);
  // Also for labels whose texts do not stay.
  GroupIndex& index() { return index_; }

 private:
  // So often other names are looked at, in case that they become the rule.
  static constexpr uint32_t kMostNames = 64;

  // A group by where the values of the labels that count lie.
  struct Known {
    static constexpr size_t kMostLabels = 2;
    std::array<Str, kMostLabels> values;
    uint32_t names_number;  // 0: none.
    uint32_t group;
  };

  bool has_last_names(View<LabelPair> labels) const;
  void note_names(View<LabelPair> labels);

  GroupIndex index_;
  std::vector<Str> last_names_;
  uint32_t names_number_ = 0;     // Counts how often they have changed.
  std::vector<size_t> counting_;  // Where the labels that count are among labels with these names.
  std::array<Known, 64> known_{};
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_COLUMN_GROUPS_H_
