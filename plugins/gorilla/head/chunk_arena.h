// The buffers of a generation's open chunks: size classes in units of 16 bytes, all given back at once when the
// generation has been sealed. A reference stays readable while a reader is registered, even when its chunk has moved to
// a larger buffer.
//
// Guarded by the head's sample lock, except for `release_reader`.
#ifndef NIGHTLIGHT_GORILLA_HEAD_CHUNK_ARENA_H_
#define NIGHTLIGHT_GORILLA_HEAD_CHUNK_ARENA_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gorilla/head/slab.h"

namespace nightlight::gorilla {

class ChunkArena {
 public:
  static constexpr uint32_t kUnit = 16;
  static constexpr uint32_t kMaxBytes = 16384;

  // The smallest class that holds so many bytes; at most kMaxBytes.
  static uint8_t class_for(uint32_t bytes);
  static uint32_t class_bytes(uint8_t size_class) { return kClassBytes[size_class]; }

  // A buffer of a class; never 0. Its bytes are undefined.
  uint32_t allocate(uint8_t size_class);
  // The buffer may be used again, once no reader is left that might look at it.
  void free(uint32_t ref, uint8_t size_class);
  uint8_t* at(uint32_t ref) const { return blocks_[ref >> kBlockBits] + size_t{ref & (kBlockUnits - 1)} * kUnit; }
  size_t memory_bytes() const { return blocks_.size() * kBlockBytes; }

  void acquire_reader() { readers_.fetch_add(1, std::memory_order_relaxed); }
  void release_reader() { readers_.fetch_sub(1, std::memory_order_release); }

 private:
  static constexpr uint32_t kBlockBits = 14;
  static constexpr uint32_t kBlockUnits = 1u << kBlockBits;
  static constexpr size_t kBlockBytes = size_t{kBlockUnits} * kUnit;  // 256 KiB
  static constexpr size_t kBlocksInSlab = kSlabBytes / kBlockBytes;
  static constexpr int kClasses = 34;
  static constexpr std::array<uint32_t, kClasses> kClassBytes = {
      16,  32,  48,  64,  80,   96,   112,  128,  144,  160,  176,  192,  224,  256,  320,  384,   448,
      512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 4096, 5120, 6144, 8192, 12288, 16384};

  void add_block();

  std::vector<uint8_t*> blocks_;  // The first by themselves, then a slab's: small heads take no huge pages.
  std::vector<std::unique_ptr<uint8_t[]>> first_blocks_;
  std::vector<Slab> slabs_;
  uint32_t next_ = 1;  // The next unit that was never used; 0 means "no buffer".
  std::array<std::vector<uint32_t>, kClasses> free_;
  std::vector<std::pair<uint32_t, uint8_t>> retired_;
  std::atomic<uint32_t> readers_{0};
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_CHUNK_ARENA_H_
