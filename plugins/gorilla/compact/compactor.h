// Brings the blocks up the ladder, one compaction at a time, and drops what retention does not keep.
#ifndef NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_
#define NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_

#include <atomic>
#include <functional>
#include <vector>

#include "gorilla/block/block_list.h"
#include "gorilla/compact/paced_bucket.h"
#include "gorilla/compact/plan.h"
#include "nightlight/host.h"

namespace nightlight::gorilla {

struct CompactorOptions {
  bool gorilla_only = false;
  uint64_t write_bytes_per_second = 0;  // 0: no limit.
};

struct CompactionStats {
  std::atomic<uint64_t> runs{0}, failures{0}, bytes_in{0}, bytes_out{0}, blocks_dropped{0};
  std::atomic<double> seconds{0};
};

class Compactor {
 public:
  // Everything must outlive it. `go_on` is asked during long work.
  Compactor(BlockList& blocks, Bucket& bucket, Host* host, const CompactorOptions& options, std::function<bool()> go_on)
      : blocks_(blocks),
        host_(host),
        gorilla_only_(options.gorilla_only),
        go_on_(std::move(go_on)),
        tokens_(options.write_bytes_per_second),
        bucket_(
            bucket, tokens_, [host] { return host->monotonic_ns(); }, [this](int64_t ns) { return wait(ns); }) {}

  // The next compaction of the ladder; false when none is due, or when its sources have more than `room` bytes, which
  // its output may need, too. Blocks that turn out to be damaged are left alone from then on. One thread at a time, as
  // for everything below.
  Result<bool> run_one(const LadderOptions& options, uint64_t room);
  // Rewrites every block that has tombstones.
  Result<void> purge_tombstones();
  // Drops blocks whose newest sample is `retention_ms` older than that of the newest block (0: none), then the oldest
  // ones while all together are larger than `most_bytes` (0: no limit). Whether there were any.
  Result<bool> drop_expired(int64_t retention_ms, uint64_t most_bytes);

  const CompactionStats& stats() const { return stats_; }
  // [any] Blocks that wait for a compaction.
  uint64_t debt(const LadderOptions& options) const;

 private:
  Result<void> rewrite(const std::vector<Ulid>& sources, uint32_t level);
  // False when it should not go on any more.
  bool wait(int64_t ns) const;

  BlockList& blocks_;
  Host* const host_;
  const bool gorilla_only_;
  const std::function<bool()> go_on_;
  TokenBucket tokens_;
  PacedBucket bucket_;
  std::vector<Ulid> damaged_;
  CompactionStats stats_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_
