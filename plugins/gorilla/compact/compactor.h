// Brings the blocks up the ladder, one compaction at a time, and drops what retention does not keep.
#ifndef NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_
#define NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_

#include <atomic>
#include <functional>
#include <vector>

#include "gorilla/block/block_list.h"
#include "gorilla/compact/plan.h"
#include "nightlight/host.h"

namespace nightlight::gorilla {

struct CompactionStats {
  std::atomic<uint64_t> runs{0}, failures{0}, bytes_in{0}, bytes_out{0}, blocks_dropped{0};
  std::atomic<double> seconds{0};
};

class Compactor {
 public:
  // Everything must outlive it. `go_on` is asked during long work.
  Compactor(BlockList& blocks, Bucket& bucket, Host* host, bool gorilla_only, std::function<bool()> go_on)
      : blocks_(blocks), bucket_(bucket), host_(host), gorilla_only_(gorilla_only), go_on_(std::move(go_on)) {}

  // The next compaction of the ladder; false when none is due. Blocks that turn out to be damaged are left alone from
  // then on. One thread at a time, as for everything below.
  Result<bool> run_one(const LadderOptions& options);
  // Rewrites every block that has tombstones.
  Result<void> purge_tombstones();
  // Drops blocks whose newest sample is `retention_ms` older than that of the newest block (0: none), then the oldest
  // ones while all together are larger than `most_bytes` (0: no limit).
  Result<void> drop_expired(int64_t retention_ms, uint64_t most_bytes);

  const CompactionStats& stats() const { return stats_; }

 private:
  Result<void> rewrite(const std::vector<Ulid>& sources, uint32_t level);

  BlockList& blocks_;
  Bucket& bucket_;
  Host* const host_;
  const bool gorilla_only_;
  const std::function<bool()> go_on_;
  std::vector<Ulid> damaged_;
  CompactionStats stats_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_COMPACT_COMPACTOR_H_
