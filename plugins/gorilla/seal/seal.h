// The head's frozen generation becomes a block.
#ifndef NIGHTLIGHT_GORILLA_SEAL_SEAL_H_
#define NIGHTLIGHT_GORILLA_SEAL_SEAL_H_

#include <atomic>
#include <memory>
#include <optional>

#include "gorilla/block/block_writer.h"
#include "gorilla/head/head.h"

namespace nightlight::gorilla {

class Bucket;

// Counted while a seal runs, for whoever waits for it.
struct SealProgress {
  std::atomic<uint64_t> done_series{0}, total_series{0};
};

// Writes and publishes the block of the head's frozen generation; `meta` gives id and level. Nothing when everything in
// it was deleted. The block does not exist before the catalog names it.
Result<std::optional<BlockMeta>> write_generation(const Head& head, const std::shared_ptr<Generation>& generation,
                                                  Host* host, Bucket& bucket, BlockMeta meta,
                                                  const BlockOptions& options, SealProgress& progress);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SEAL_SEAL_H_
