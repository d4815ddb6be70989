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

}  // namespace nightlight

#endif  // NIGHTLIGHT_PROGRESS_H_
