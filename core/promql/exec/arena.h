// Memory of a query. Everything is charged to one budget before it is used; what is over it is refused.
#ifndef NIGHTLIGHT_PROMQL_EXEC_ARENA_H_
#define NIGHTLIGHT_PROMQL_EXEC_ARENA_H_

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "nightlight/function.h"

namespace nightlight::promql {

// Bytes that a query may hold at once. Any thread.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}

  // False when that would be over the limit; nothing is charged then.
  bool take(uint64_t size_bytes) {
    uint64_t used = used_.fetch_add(size_bytes, std::memory_order_relaxed) + size_bytes;
    if (used > limit_) {
      used_.fetch_sub(size_bytes, std::memory_order_relaxed);
      refused_.store(true, std::memory_order_relaxed);
      return false;
    }
    uint64_t peak = peak_.load(std::memory_order_relaxed);
    while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
    }
    return true;
  }
  void give_back(uint64_t size_bytes) { used_.fetch_sub(size_bytes, std::memory_order_relaxed); }

  bool refused() const { return refused_.load(std::memory_order_relaxed); }
  uint64_t limit_bytes() const { return limit_; }
  uint64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0}, peak_{0};
  std::atomic<bool> refused_{false};
};

// Memory in blocks, freed all at once. One thread at a time.
class BlockArena final : public Arena {
 public:
  explicit BlockArena(MemoryBudget& budget) : budget_(budget) {}
  ~BlockArena() { release_all(); }
  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  void* allocate(uint64_t size_bytes) noexcept override;
  // Forgets everything that was allocated. A megabyte at most is kept for what comes next.
  void reset();

 private:
  struct Block {
    std::unique_ptr<std::byte[]> memory;
    uint64_t size_bytes;
  };

  // Makes a block with so much room the current one.
  bool next_block(uint64_t at_least);
  void release_all();

  MemoryBudget& budget_;
  std::vector<Block> blocks_;
  size_t current_ = 0;  // Blocks behind it are empty.
  uint64_t used_ = 0;   // Of the current one.
};

// `count` elements, uninitialised; null when the budget is exhausted.
template <class T>
T* allocate_array(Arena& arena, uint64_t count) {
  static_assert(std::is_trivially_destructible_v<T>);
  return static_cast<T*>(arena.allocate(count * sizeof(T)));
}
template <class T>
T* allocate_zeroed(Arena& arena, uint64_t count) {
  T* memory = allocate_array<T>(arena, count);
  if (memory != nullptr) std::memset(static_cast<void*>(memory), 0, count * sizeof(T));
  return memory;
}

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_ARENA_H_
