// How far long work is, for whoever waits for it.
#ifndef NIGHTLIGHT_PROGRESS_H_
#define NIGHTLIGHT_PROGRESS_H_

#include "nightlight/abi.h"

namespace nightlight {

// Of StorageAdmin::snapshot.
inline constexpr char kSnapshotProgressId[] = "nightlight.snapshot_progress/0";
class NIGHTLIGHT_INTERFACE SnapshotProgress {
 public:
  // [any] Series that the snapshot in the making has written, of how many. 0 of 0 when none is being made, and while
  // it has nothing to write yet.
  virtual void snapshot_progress(uint64_t* done_series, uint64_t* total_series) noexcept = 0;

 protected:
  ~SnapshotProgress() = default;
};

// Of the log that a store was started from.
inline constexpr char kLogReplayId[] = "nightlight.log_replay/0";
class NIGHTLIGHT_INTERFACE LogReplay {
 public:
  // [any] After start: the numbers of the first and the last segment that it replayed, 0 and 0 when there was none, and
  // how many damaged records it left out.
  virtual void log_replay(uint64_t* first_segment, uint64_t* last_segment, uint64_t* damaged_records) noexcept = 0;

 protected:
  ~LogReplay() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_PROGRESS_H_
