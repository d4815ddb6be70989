// What can still be read of a damaged block, written into a new one.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_SALVAGE_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_SALVAGE_H_

#include <memory>
#include <optional>

#include "gorilla/block/block_meta.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {

struct Salvage {
  std::optional<BlockMeta> block;  // Nothing when nothing could be read.
  // The tombstones of `before`, by the ordinals of the new block.
  Tombstones tombstones;
};

// Reads series by series and slice by slice, leaves out what is damaged, and publishes the rest as `id`, with the
// level, sources and log ranges of `meta`.
Result<Salvage> salvage_block(std::shared_ptr<const BucketObject> object, const BlockMeta& meta, const Ulid& id,
                              const Tombstones& before, Bucket& bucket);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_SALVAGE_H_
