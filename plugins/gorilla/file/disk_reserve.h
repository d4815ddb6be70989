// Space that is kept back on the disk of the store, as a file of zeros that nobody reads: when the disk is full, what
// makes room there (sealing, deletes, retention) needs some first, and gives the file back to get it.
//
// Where the disk is small, the reserve is: an eighth of what is free at most.
#ifndef NIGHTLIGHT_GORILLA_FILE_DISK_RESERVE_H_
#define NIGHTLIGHT_GORILLA_FILE_DISK_RESERVE_H_

#include <atomic>
#include <string>

#include "base/mutex.h"
#include "gorilla/file/file_system.h"

namespace nightlight::gorilla {

// [any] thread for all methods.
class DiskReserve {
 public:
  // `most` bytes; 0: none. The directory of `path` must be there.
  DiskReserve(FileSystem& files, std::string path, uint64_t most);

  // Takes the reserve, or what is missing of it, when there is so much room.
  void keep();
  // Gives it back. False when there is nothing to give.
  bool release();

  // Given back, and not taken again yet: whoever fills the disk must wait.
  bool is_out() const { return out_.load(); }
  uint64_t held_bytes() const { return held_.load(); }
  uint64_t releases() const { return releases_.load(); }

 private:
  Result<void> hold(uint64_t size) REQUIRES(mutex_);
  void drop() REQUIRES(mutex_);

  FileSystem& files_;
  const std::string path_;
  const uint64_t most_;
  Mutex mutex_;
  uint64_t wanted_ GUARDED_BY(mutex_) = 0;
  std::atomic<bool> out_{false};
  std::atomic<uint64_t> held_{0}, releases_{0};
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_FILE_DISK_RESERVE_H_
