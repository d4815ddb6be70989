// The local log: numbered segment files, preallocated and recycled, written by whoever waits first.
//
// Group commit: the first waiter writes and syncs everything that is queued, the others wait for it; what is queued
// meanwhile is the next group. Nothing is ever synced twice on a file after an error: the segment is given up, and
// everything not known to be durable is written again to a new one (replay tells the copies by their sequence numbers).
// While that fails the log is failed: writers are told, the queue is kept, and every flush tries again.
//
// Each record tells what was durable when it was written. What a start finds beyond the last of that may be in memory
// alone, where no sync finds it any more: it is written again to a new segment, too, before it counts as durable.
//
// Where there is no room for a whole segment, a smaller one is begun.
#ifndef NIGHTLIGHT_GORILLA_LOG_WAL_H_
#define NIGHTLIGHT_GORILLA_LOG_WAL_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "gorilla/file/file_system.h"
#include "gorilla/log/ingest_log.h"
#include "gorilla/log/segment.h"

namespace nightlight::gorilla {

struct WalOptions {
  std::string directory;
  uint64_t segment_bytes = 128 << 20;
  Ack ack = Ack::kDurable;
  uint64_t max_pending_bytes = 256 << 20;  // Queued bytes above which ready answers kResourceExhausted.
  uint32_t salt_seed = 0;                  // Random.
  // False: no new space may be taken on the disk, and what is not needed must be given back.
  std::function<bool()> may_grow;
};

class Wal final : public IngestLog {
 public:
  // Finds the segments; `files` must outlive the log. kDataLoss never: damage is found, reported and stepped over by
  // replay.
  static Result<std::unique_ptr<Wal>> open(FileSystem& files, WalOptions options);
  ~Wal() override;

  Result<ReplayStats> replay(uint64_t after,
                             const std::function<Result<void>(uint64_t, const LogBatch&)>& each) override;
  void skip_to(uint64_t position) override;
  Result<void> ready() override;
  uint64_t append(const LogBatch& batch) override;
  Result<void> wait(uint64_t position) override;
  Result<void> flush() override;
  void prepare() override;
  Result<void> cut() override;
  Result<void> trim(uint64_t position) override;
  LogStats stats() const override;

 private:
  struct Segment {
    uint64_t number;
    uint64_t last = 0;        // Sequence of its last record; 0: none.
    uint64_t size_bytes = 0;  // Of the file.
    uint64_t first = 0;       // As its header says; 0: not begun.
    bool damaged = false;     // There is a link to it, for people.
  };

  Wal(FileSystem& files, WalOptions options);
  std::string path(uint64_t number) const;
  uint32_t salt(uint64_t number) const;
  Result<std::optional<SegmentHeader>> begun(uint64_t number) const;
  void quarantine(const Segment& segment);
  void rewrite(std::string tail, uint64_t last, uint64_t durable, ReplayStats& stats);
  Result<void> give_back(const Segment& segment, bool keep_spare) REQUIRES(segments_mutex_);
  // Both with `committing_` set by the caller, without the mutex.
  Result<void> commit(std::string& group, uint64_t last, bool sync);
  Result<void> start_segment();
  struct NextFile {
    std::unique_ptr<File> file;
    uint64_t size_bytes = 0;
  };
  Result<NextFile> make_file(uint64_t needed) REQUIRES(next_mutex_);
  bool may_grow() const { return options_.may_grow == nullptr || options_.may_grow(); }
  Result<void> run_group(uint64_t position, bool sync);

  FileSystem& files_;
  const WalOptions options_;

  mutable Mutex mutex_;
  ConditionVariable committed_;
  std::string pending_ GUARDED_BY(mutex_);    // Records not handed to a commit yet.
  uint64_t appended_ GUARDED_BY(mutex_) = 0;  // Sequence of the last record of pending_.
  uint64_t durable_ GUARDED_BY(mutex_) = 0;   // Everything up to here is synced.
  uint64_t written_ GUARDED_BY(mutex_) = 0;   // Everything up to here is with the operating system.
  bool committing_ GUARDED_BY(mutex_) = false;
  bool cut_ GUARDED_BY(mutex_) = false;     // The next commit begins a segment.
  std::string failure_ GUARDED_BY(mutex_);  // Why the log has failed; "" when it works.
  bool full_ GUARDED_BY(mutex_) = false;    // That it found no room is why.
  LogStats stats_ GUARDED_BY(mutex_);

  // Owned by whoever set committing_.
  std::unique_ptr<File> file_;
  uint64_t number_ = 0, offset_ = 0, file_bytes_ = 0;  // Of `file_`.
  std::string unsynced_;                               // Records, in order, that are not known to be durable.

  Mutex next_mutex_;  // After mutex_.
  uint64_t next_number_ GUARDED_BY(next_mutex_) = 1;
  NextFile next_ GUARDED_BY(next_mutex_);  // The file with the next number, durable with its name; or none.

  mutable Mutex segments_mutex_;                                // After next_mutex_.
  std::deque<Segment> segments_ GUARDED_BY(segments_mutex_);    // The last one is being written when file_ is set.
  std::vector<std::string> spare_ GUARDED_BY(segments_mutex_);  // Names of files to recycle.
  uint64_t next_bytes_ GUARDED_BY(segments_mutex_) = 0;         // Of next_.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_WAL_H_
