#include "promql/exec/arena.h"

#include <algorithm>
#include <new>

namespace nightlight::promql {
namespace {

// The last block of a large result is half empty: it should not be large, too.
constexpr uint64_t kFirstBlockBytes = 4096, kLargestBlockBytes = 128 << 10;
constexpr uint64_t kKeptBytes = 1 << 20;
constexpr uint64_t kAlignment = 16;
static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= kAlignment);

}  // namespace

void* BlockArena::allocate(uint64_t size_bytes) noexcept {
  if (size_bytes > UINT64_MAX - kAlignment) return nullptr;
  uint64_t size = std::max<uint64_t>((size_bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  if (blocks_.empty() || blocks_[current_].size_bytes - used_ < size) {
    if (!next_block(size)) return nullptr;
  }
  void* memory = blocks_[current_].memory.get() + used_;
  used_ += size;
  return memory;
}

bool BlockArena::next_block(uint64_t at_least) {
  const size_t next = blocks_.empty() ? 0 : current_ + 1;
  if (next == blocks_.size() || blocks_[next].size_bytes < at_least) {
    // Blocks double, so that small queries stay small and large ones have few blocks.
    const uint64_t wanted =
        next == 0 ? kFirstBlockBytes : std::min(blocks_[current_].size_bytes * 2, kLargestBlockBytes);
    const uint64_t size = std::max(wanted, at_least);
    if (!budget_.take(size)) return false;
    std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[size]);
    if (memory == nullptr) {
      budget_.give_back(size);
      return false;
    }
    blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(next), Block{std::move(memory), size});
  }
  current_ = next;
  used_ = 0;
  return true;
}

void BlockArena::reset() {
  size_t kept = 0;
  for (uint64_t bytes = 0; kept < blocks_.size() && bytes + blocks_[kept].size_bytes <= kKeptBytes; ++kept)
    bytes += blocks_[kept].size_bytes;
  for (size_t i = kept; i < blocks_.size(); ++i) budget_.give_back(blocks_[i].size_bytes);
  blocks_.resize(kept);
  current_ = 0;
  used_ = 0;
}

void BlockArena::release_all() {
  for (const Block& block : blocks_) budget_.give_back(block.size_bytes);
  blocks_.clear();
}

}  // namespace nightlight::promql
