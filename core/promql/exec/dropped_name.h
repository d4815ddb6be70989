// The labels of results whose name goes: arithmetic and most functions drop name, type and unit.
#ifndef NIGHTLIGHT_PROMQL_EXEC_DROPPED_NAME_H_
#define NIGHTLIGHT_PROMQL_EXEC_DROPPED_NAME_H_

#include "promql/exec/column_room.h"

namespace nightlight::promql {

// They go at once, or with delayed name removal are marked to go at the end of the query.
class DroppedName {
 public:
  explicit DroppedName(const QueryState& state) : delayed_(state.options.delayed_name_removal) {}

  // The labels are valid until the next call.
  void apply(View<LabelPair> from, uint32_t with_flags) {
    labels = delayed_ ? from : without_metadata(from, room_);
    flags = delayed_ ? with_flags | kDropName : with_flags;
  }

  View<LabelPair> labels{};
  uint32_t flags = 0;

 private:
  const bool delayed_;
  std::vector<LabelPair> room_;
};

// How long columns must live whose names have been dropped: equal ones are merged unless their origin tells them apart.
inline Keep keep_for_merging(const QueryState& state, bool distinct_without_name, Keep keep) {
  return distinct_without_name || state.options.delayed_name_removal ? keep : Keep::kForQuery;
}

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_DROPPED_NAME_H_
