// Pages of blocks, checked and decompressed, kept in memory up to a hard cap in bytes and evicted by CLOCK. Reads go
// through this cache and pread, never mmap: a damaged disk is an error, not a SIGBUS, and memory stays within its
// limit.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_PAGE_CACHE_H_
#define NIGHTLIGHT_GORILLA_BLOCK_PAGE_CACHE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"

namespace nightlight::gorilla {

// What the cache holds: a page in the form in which it is read. Immutable.
class CachedPage {
 public:
  virtual ~CachedPage() = default;
  virtual size_t memory_bytes() const = 0;
  // How often the hand passes over a page since it was last used. A query of much data reads each of its pages once and
  // the pages of labels for each of its selectors: those stay.
  virtual uint8_t laps() const { return 1; }
};

struct PageCacheStats {
  uint64_t hits = 0, misses = 0, evictions = 0;
  uint64_t size_bytes = 0, capacity_bytes = 0, pages = 0;
};

// [any] thread for all methods.
class PageCache {
 public:
  explicit PageCache(uint64_t capacity_bytes);
  ~PageCache();

  // A number that no other block of this cache has.
  uint64_t new_owner();
  // The page at `offset` of `owner`'s object, or null.
  std::shared_ptr<const CachedPage> find(uint64_t owner, uint64_t offset);
  // Pages above an eighth of a shard's capacity are not kept. Evicted pages live on as long as someone uses them.
  void insert(uint64_t owner, uint64_t offset, std::shared_ptr<const CachedPage> page);
  // Forgets the pages of a block that is closed.
  void drop_owner(uint64_t owner);
  // From now on the cache holds so much; pages beyond it are evicted at once.
  void resize(uint64_t capacity_bytes);
  PageCacheStats stats() const;

 private:
  struct Key {
    uint64_t owner, offset;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      uint64_t h = (key.owner * 0x9e3779b97f4a7c15ull) ^ (key.offset * 0xff51afd7ed558ccdull);
      return static_cast<size_t>(h ^ (h >> 32));
    }
  };
  struct Entry {
    Key key;
    std::shared_ptr<const CachedPage> page;
    size_t size_bytes = 0;
    uint8_t laps = 0;  // That it still has.
  };
  // A mutex guards each shard; they are never held together.
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Key, size_t, KeyHash> index GUARDED_BY(mutex);
    std::vector<Entry> ring GUARDED_BY(mutex);
    size_t hand GUARDED_BY(mutex) = 0;
    uint64_t size_bytes GUARDED_BY(mutex) = 0;
    uint64_t hits GUARDED_BY(mutex) = 0, misses GUARDED_BY(mutex) = 0, evictions GUARDED_BY(mutex) = 0;
  };
  static constexpr size_t kShards = 8;

  Shard& shard_of(const Key& key) { return shards_[KeyHash()(key) % kShards]; }
  static void evict_one(Shard& shard) REQUIRES(shard.mutex);

  std::atomic<uint64_t> shard_capacity_bytes_;
  std::array<Shard, kShards> shards_;
  Mutex owner_mutex_;
  uint64_t last_owner_ GUARDED_BY(owner_mutex_) = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_PAGE_CACHE_H_
