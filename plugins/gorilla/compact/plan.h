// Which blocks should become one.
//
// Blocks belong to the window (of the first rung: block_duration; of the second: a UTC day) that holds their newest
// sample. A window is compacted once a newer block shows that it is over; late samples make it due again. Until then,
// four blocks at a time that were made of about as many seals are joined, while they are short beside the window.
// No plan changes which of two samples at one time is seen.
#ifndef NIGHTLIGHT_GORILLA_COMPACT_PLAN_H_
#define NIGHTLIGHT_GORILLA_COMPACT_PLAN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "gorilla/block/block_meta.h"

namespace nightlight::gorilla {

struct LadderOptions {
  int64_t block_duration_ms = 2 * 3600 * 1000;
  int64_t retention_ms = 0;  // 0: for ever. Days are not made of what is kept for less than three.
};

struct CompactionPlan {
  std::vector<Ulid> sources;  // Empty: nothing is to be done.
  uint32_t level = 0;         // Of what they become.
};

// The compaction that should be next: lower rungs first, older windows first, then the rewriting of what is `worn` (has
// many deleted samples). `blocks` in the order in which they were stored (see OpenBlocks). Blocks in `skip` (damaged,
// say) are left alone.
CompactionPlan plan_compaction(std::span<const BlockMeta> blocks, const LadderOptions& options,
                               std::span<const Ulid> skip = {}, std::span<const Ulid> worn = {});

// Blocks that wait for a compaction.
uint64_t compaction_debt(std::span<const BlockMeta> blocks, const LadderOptions& options,
                         std::span<const Ulid> worn = {});

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_COMPACT_PLAN_H_
