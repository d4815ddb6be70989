#include "gorilla/head/chunk_arena.h"

#include <algorithm>

namespace nightlight::gorilla {

uint8_t ChunkArena::class_for(uint32_t bytes) {
  if (bytes <= 192) return static_cast<uint8_t>(bytes == 0 ? 0 : (bytes - 1) / kUnit);
  return static_cast<uint8_t>(std::lower_bound(kClassBytes.begin(), kClassBytes.end(), bytes) - kClassBytes.begin());
}

uint32_t ChunkArena::allocate(uint8_t size_class) {
  if (!retired_.empty() && readers_.load(std::memory_order_acquire) == 0) {
    for (auto [ref, freed_class] : retired_) free_[freed_class].push_back(ref);
    retired_.clear();
  }
  if (auto& list = free_[size_class]; !list.empty()) {
    uint32_t ref = list.back();
    list.pop_back();
    return ref;
  }
  const uint32_t units = kClassBytes[size_class] / kUnit;
  uint32_t left = (kBlockUnits - (next_ & (kBlockUnits - 1))) & (kBlockUnits - 1);
  if (blocks_.empty() || left < units) {
    // What is left of the last block is lost: at most one large buffer in 256 KiB.
    next_ = static_cast<uint32_t>(blocks_.size()) << kBlockBits;
    if (next_ == 0) next_ = 1;
    add_block();
  }
  uint32_t ref = next_;
  next_ += units;
  return ref;
}

void ChunkArena::add_block() {
  if (blocks_.size() < kBlocksInSlab) {
    first_blocks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(kBlockBytes));
    blocks_.push_back(first_blocks_.back().get());
    return;
  }
  const size_t in_slab = blocks_.size() % kBlocksInSlab;
  if (in_slab == 0) slabs_.push_back(make_slab(true));
  blocks_.push_back(reinterpret_cast<uint8_t*>(slabs_.back().get()) + in_slab * kBlockBytes);
}

void ChunkArena::free(uint32_t ref, uint8_t size_class) {
  if (readers_.load(std::memory_order_acquire) == 0) {
    free_[size_class].push_back(ref);
  } else {
    retired_.emplace_back(ref, size_class);
  }
}

}  // namespace nightlight::gorilla
