// The log in front of the head: what it says is durable is acknowledged, and the head is rebuilt from it alone.
//
// Positions are numbers that grow by one with each batch, from 1. The local implementation is the WAL (wal.h); a shared
// log can take its place.
#ifndef NIGHTLIGHT_GORILLA_LOG_INGEST_LOG_H_
#define NIGHTLIGHT_GORILLA_LOG_INGEST_LOG_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "gorilla/log/log_batch.h"

namespace nightlight::gorilla {

enum class Ack { kDurable, kOs, kMemory };

struct ReplayStats {
  uint64_t records = 0;
  uint64_t samples = 0;
  uint64_t skipped_records = 0;  // Covered by blocks already.
  uint64_t torn_bytes = 0;       // An incomplete tail: never acknowledged.
  uint64_t damaged_records = 0;  // Damage in front of good records, quarantined.
  uint64_t damaged_bytes = 0;
  uint64_t first_segment = 0, last_segment = 0;         // Of those that were begun; 0: there was none.
  uint64_t rewritten_records = 0, rewritten_bytes = 0;  // Not known to be durable, and written again.
};

struct LogStats {
  uint64_t records = 0, bytes = 0, commits = 0, failures = 0;
  uint64_t segments = 0, pending_bytes = 0;
  uint64_t segment_bytes = 0;  // Of their files, and of the one that is made ready for the next.
  uint64_t durable = 0;        // Position.
  double commit_seconds = 0;   // Sum over all commits.
  bool failed = false;
  bool full = false;  // Failed because there was no room.
};

class IngestLog {
 public:
  virtual ~IngestLog() = default;

  // [one] Calls `each` for every batch after position `after`, in order; one that it answers kDataLoss for counts as
  // damaged. Once, before the first append. All that it has found is durable when it returns, or the log has failed,
  // and ready tells.
  virtual Result<ReplayStats> replay(uint64_t after,
                                     const std::function<Result<void>(uint64_t, const LogBatch&)>& each) = 0;

  // [one] After replay: the next batch's position is beyond this one, whatever the log has lost.
  virtual void skip_to(uint64_t position) = 0;

  // [any] Whether a batch should be begun now; tries to mend a log that has failed. kUnavailable: it still fails.
  // kResourceExhausted: too much is queued.
  virtual Result<void> ready() = 0;

  // [one] Queues a batch and answers its position; the caller orders the calls. A queued batch is never dropped: after
  // a failure it is written, before any later one, when the log works again.
  virtual uint64_t append(const LogBatch& batch) = 0;

  // [any] Returns when the batch at `position` and all before are as safe as the log's Ack says. Concurrent callers
  // share one write. kUnavailable when the write failed: whether the batch survives is then unknown.
  virtual Result<void> wait(uint64_t position) = 0;

  // [any] Writes and syncs what is queued, also what a failure left behind.
  virtual Result<void> flush() = 0;

  // [one] Does what the next cut makes necessary and can be done before it: otherwise the first writer after the cut
  // waits for it.
  virtual void prepare() = 0;
  // [one] Batches after `position` go to a new segment, so that trim can free what is before.
  virtual Result<void> cut() = 0;
  // [one] Batches up to `position` are not needed any more.
  virtual Result<void> trim(uint64_t position) = 0;

  virtual LogStats stats() const = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_INGEST_LOG_H_
