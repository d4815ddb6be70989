// The replay of a log in two threads: one reads the segments, checks records and decodes them, the caller's takes their
// batches. A start waits for the slower of the two instead of for both.
#ifndef NIGHTLIGHT_GORILLA_LOG_WAL_REPLAY_H_
#define NIGHTLIGHT_GORILLA_LOG_WAL_REPLAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "gorilla/file/file_system.h"
#include "gorilla/log/ingest_log.h"
#include "gorilla/log/log_scan.h"
#include "gorilla/log/record_queue.h"
#include "gorilla/log/segment.h"

namespace nightlight::gorilla {

class WalReplay final : private LogScan::Visitor {
 public:
  struct Segment {
    std::string path;
    SegmentHeader header;
    uint64_t last = 0;  // Out: the newest record in it; 0: none.
  };
  using Each = std::function<Result<void>(uint64_t, const LogBatch&)>;

  // Of the records after position `after`.
  WalReplay(FileSystem& files, uint64_t after) : files_(files), after_(after), scan_(*this) {}

  // Once. `each` is called in this thread, as IngestLog::replay says. The segments stand in the order of their numbers.
  Result<void> run(std::span<Segment> segments, const Each& each);

  // The rest after it.
  const ReplayStats& stats() const { return stats_; }
  const std::set<uint64_t>& damaged() const { return damaged_; }  // Numbers of segments.
  uint64_t last() const { return scan_.last(); }
  uint64_t durable() const;
  // The records that are not known to be durable. They are those that were read: what the disk has may be another
  // thing.
  std::string take_tail();

 private:
  // In the reader's thread.
  Result<void> read(std::span<Segment> segments);
  Result<void> record(const LogScan::Found& found) override;
  void damage(const LogScan::Damage& found) override;
  void keep(const LogScan::Found& found);
  // In the caller's.
  Result<void> take_all(const Each& each);

  FileSystem& files_;
  const uint64_t after_;
  LogScan scan_;
  RecordQueue queue_;
  ReplayStats stats_;
  std::set<uint64_t> damaged_;
  std::string tail_;
  uint64_t kept_last_ = 0;  // The newest in tail_.
  // What the caller's thread refused; joined with the above when both have ended.
  std::set<uint64_t> refused_, refused_segments_;
  uint64_t taken_records_ = 0, taken_samples_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_WAL_REPLAY_H_
