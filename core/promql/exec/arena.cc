#include "promql/exec/arena.h"

#include <algorithm>
#include <new>

namespace nightlight::promql {
namespace {

constexpr uint64_t kFirstBlockBytes = 4096, kLargestBlockBytes = 1 << 20;
constexpr uint64_t kAlignment = 16;
static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= kAlignment);

}  // namespace

void* BlockArena::allocate(uint64_t size_bytes) noexcept {
  if (size_bytes > UINT64_MAX - kAlignment) return nullptr;
  uint64_t size = std::max<uint64_t>((size_bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  if (blocks_.empty() || blocks_.back().size_bytes - used_in_last_ < size) {
    if (!add_block(size)) return nullptr;
  }
  void* memory = blocks_.back().memory.get() + used_in_last_;
  used_in_last_ += size;
  return memory;
}

bool BlockArena::add_block(uint64_t at_least) {
  // Blocks double, so that small queries stay small and large ones have few blocks.
  uint64_t wanted = blocks_.empty() ? kFirstBlockBytes : std::min(blocks_.back().size_bytes * 2, kLargestBlockBytes);
  uint64_t size = std::max(wanted, at_least);
  if (!budget_.take(size)) return false;
  std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[size]);
  if (memory == nullptr) {
    budget_.give_back(size);
    return false;
  }
  blocks_.push_back({std::move(memory), size});
  used_in_last_ = 0;
  return true;
}

void BlockArena::reset() {
  if (blocks_.size() > 1) {
    // The last block is among the largest: it is the one that the next round will want.
    Block kept = std::move(blocks_.back());
    blocks_.pop_back();
    release_all();
    blocks_.push_back(std::move(kept));
  }
  used_in_last_ = 0;
}

void BlockArena::release_all() {
  for (const Block& block : blocks_) budget_.give_back(block.size_bytes);
  blocks_.clear();
}

}  // namespace nightlight::promql
