#include "gorilla/block/page_cache.h"

namespace nightlight::gorilla {

PageCache::PageCache(uint64_t capacity_bytes) : shard_capacity_bytes_(capacity_bytes / kShards) {}

PageCache::~PageCache() = default;

uint64_t PageCache::new_owner() {
  MutexLock lock(owner_mutex_);
  return ++last_owner_;
}

std::shared_ptr<const CachedPage> PageCache::find(uint64_t owner, uint64_t offset) {
  Key key{owner, offset};
  Shard& shard = shard_of(key);
  MutexLock lock(shard.mutex);
  auto found = shard.index.find(key);
  if (found == shard.index.end()) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  Entry& entry = shard.ring[found->second];
  entry.laps = entry.page->laps();
  return entry.page;
}

// The hand passes over pages with a lap left; the first other one leaves, and the last of the ring takes its place.
void PageCache::evict_one(Shard& shard) {
  while (true) {
    if (shard.hand >= shard.ring.size()) shard.hand = 0;
    Entry& entry = shard.ring[shard.hand];
    if (entry.laps == 0) break;
    --entry.laps;
    ++shard.hand;
  }
  Entry& entry = shard.ring[shard.hand];
  shard.index.erase(entry.key);
  shard.size_bytes -= entry.size_bytes;
  ++shard.evictions;
  if (shard.hand + 1 != shard.ring.size()) {
    entry = std::move(shard.ring.back());
    shard.index[entry.key] = shard.hand;
  }
  shard.ring.pop_back();
}

void PageCache::insert(uint64_t owner, uint64_t offset, std::shared_ptr<const CachedPage> page) {
  // What the page itself does not know: the entry, the index and the reference count.
  constexpr size_t kOverhead = sizeof(Entry) + 64;
  size_t size = page->memory_bytes() + kOverhead;
  Key key{owner, offset};
  Shard& shard = shard_of(key);
  MutexLock lock(shard.mutex);
  const uint64_t capacity = shard_capacity_bytes_.load(std::memory_order_relaxed);
  if (size > capacity / 8) return;
  if (shard.index.contains(key)) return;
  while (shard.size_bytes + size > capacity) evict_one(shard);
  shard.index[key] = shard.ring.size();
  const auto laps = static_cast<uint8_t>(page->laps() - 1);
  shard.ring.push_back(Entry{key, std::move(page), size, laps});
  shard.size_bytes += size;
}

void PageCache::drop_owner(uint64_t owner) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (size_t i = 0; i < shard.ring.size();) {
      if (shard.ring[i].key.owner != owner) {
        ++i;
        continue;
      }
      shard.index.erase(shard.ring[i].key);
      shard.size_bytes -= shard.ring[i].size_bytes;
      if (i + 1 != shard.ring.size()) {
        shard.ring[i] = std::move(shard.ring.back());
        shard.index[shard.ring[i].key] = i;
      }
      shard.ring.pop_back();
    }
  }
}

void PageCache::resize(uint64_t capacity_bytes) {
  shard_capacity_bytes_.store(capacity_bytes / kShards, std::memory_order_relaxed);
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    while (shard.size_bytes > capacity_bytes / kShards) evict_one(shard);
  }
}

PageCacheStats PageCache::stats() const {
  PageCacheStats out;
  out.capacity_bytes = shard_capacity_bytes_ * kShards;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    out.hits += shard.hits;
    out.misses += shard.misses;
    out.evictions += shard.evictions;
    out.size_bytes += shard.size_bytes;
    out.pages += shard.ring.size();
  }
  return out;
}

}  // namespace nightlight::gorilla
