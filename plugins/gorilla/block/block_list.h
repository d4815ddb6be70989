// The blocks of the store, open for reading: the catalog's state and what can be read of it.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_BLOCK_LIST_H_
#define NIGHTLIGHT_GORILLA_BLOCK_BLOCK_LIST_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "gorilla/block/block.h"
#include "gorilla/block/page_cache.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/catalog/catalog.h"

namespace nightlight::gorilla {

struct OpenBlock {
  BlockMeta meta;
  std::shared_ptr<const Block> block;            // Null: it is damaged.
  std::shared_ptr<const Tombstones> tombstones;  // Null: none.
  std::string damage;                            // Why it cannot be read.

  bool overlaps(int64_t start_ms, int64_t end_ms) const {
    return meta.min_time_ms <= end_ms && meta.max_time_ms >= start_ms;
  }
};
// In the order in which their samples were first stored: of two at one time, the one of the earlier block holds.
using OpenBlocks = std::vector<std::shared_ptr<const OpenBlock>>;

class BlockList {
 public:
  // The bucket must outlive the list.
  BlockList(Bucket& bucket, uint64_t cache_bytes) : bucket_(bucket), cache_(cache_bytes) {}

  // Opens the catalog and its blocks, and deletes blocks that it does not name: leavings of a crash. A block that
  // cannot be read stays in the list, with its damage. kFailedPrecondition: there are blocks, but no catalog.
  Result<void> open();

  // [any] The blocks as they are now; what a caller holds stays readable.
  std::shared_ptr<const OpenBlocks> blocks() const;
  // [any] Takes blocks in and out in one step (the same id in both: new meta), then deletes the objects of those that
  // went. What is added must be in the bucket.
  Result<void> change(std::span<const BlockMeta> add, std::span<const Ulid> remove);
  // [any] Grows with every change.
  uint64_t generation() const { return catalog_->state()->generation; }
  PageCacheStats cache_stats() const { return cache_.stats(); }
  void resize_cache(uint64_t bytes) { cache_.resize(bytes); }
  // The records of the log whose samples are in blocks: all up to this one.
  uint64_t sealed_position() const;

 private:
  std::shared_ptr<const OpenBlock> open_block(const BlockMeta& meta);
  Result<void> remove_orphans();
  void publish(const CatalogState& state);

  Bucket& bucket_;
  PageCache cache_;
  std::unique_ptr<Catalog> catalog_;
  Mutex change_mutex_;  // One change at a time; before mutex_.
  mutable Mutex mutex_;
  std::shared_ptr<const OpenBlocks> blocks_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_BLOCK_LIST_H_
