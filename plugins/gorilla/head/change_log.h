// From which time on the store's samples have changed, for whoever keeps answers that were computed from them.
#ifndef NIGHTLIGHT_GORILLA_HEAD_CHANGE_LOG_H_
#define NIGHTLIGHT_GORILLA_HEAD_CHANGE_LOG_H_

#include <cstdint>
#include <vector>

#include "base/mutex.h"

namespace nightlight::gorilla {

// Changes are counted. Of each only the earliest time that it touched is kept, and of those only the ones that no later
// change reaches back behind: counts and times ascend together, a stack that appends in order push to and late samples
// pop from. Any thread.
class ChangeLog {
 public:
  // Samples at or after `from_ms` came or went. To be called no later than a reader can see it and go on to ask for a
  // count: in the critical section that publishes the change, or right after it.
  void note(int64_t from_ms);
  // The count of the last change that touched a time at or before `until_ms`: never too small; too large when what is
  // asked about lies further back than kMost distinct seconds of changes.
  uint64_t last_change(int64_t until_ms) const;

  static constexpr size_t kMost = 8192;

 private:
  struct Change {
    uint64_t count;
    int64_t from_ms;
  };

  mutable Mutex mutex_;
  uint64_t count_ GUARDED_BY(mutex_) = 1;
  std::vector<Change> changes_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_CHANGE_LOG_H_
