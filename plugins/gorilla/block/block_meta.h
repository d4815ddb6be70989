// What is known of a block without opening it.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_BLOCK_META_H_
#define NIGHTLIGHT_GORILLA_BLOCK_BLOCK_META_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gorilla/block/ulid.h"

namespace nightlight::gorilla {

// The records [first, last] of a log partition whose samples are in the block: what replay may skip.
struct LogRange {
  uint32_t partition = 0;
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const LogRange&) const = default;
};

struct BlockStats {
  uint64_t series = 0;
  uint64_t chunks = 0;
  uint64_t float_samples = 0;
  uint64_t histogram_samples = 0;
  uint64_t size_bytes = 0;
  bool operator==(const BlockStats&) const = default;
};

enum BlockFlags : uint32_t {
  kOutOfOrderBlock = 1,  // Holds samples that came late: overlaps others, and loses against them at equal times.
};

struct BlockMeta {
  Ulid id;
  uint32_t level = 0;       // 0: sealed from the head; +1 for each rung of compaction.
  uint32_t flags = 0;       // BlockFlags
  int64_t min_time_ms = 0;  // Of the samples inside; both inclusive.
  int64_t max_time_ms = 0;
  BlockStats stats;
  std::vector<Ulid> sources;  // The level-0 blocks that it was made of (itself at level 0), sorted.
  std::vector<LogRange> log_ranges;
  std::string tombstones_key;  // The object with its tombstones; "" for none. Known to the catalog only.

  bool operator==(const BlockMeta&) const = default;
};

// The name of a block's object in the bucket.
std::string block_key(const Ulid& id);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_BLOCK_META_H_
