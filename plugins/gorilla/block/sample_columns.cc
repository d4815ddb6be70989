#include "gorilla/block/sample_columns.h"

#include <algorithm>

namespace nightlight::gorilla {

void SampleArena::clear() {
  pieces_.clear();
  used_ = capacity_ = size_bytes_ = 0;
}

void* SampleArena::allocate_bytes(size_t size) {
  constexpr size_t kAlign = alignof(std::max_align_t);
  constexpr size_t kPiece = 4096;
  size = (size + kAlign - 1) / kAlign * kAlign;
  if (pieces_.empty() || capacity_ - used_ < size) {
    capacity_ = std::max(size, kPiece);
    used_ = 0;
    pieces_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity_));
    size_bytes_ += capacity_;
  }
  void* out = pieces_.back().get() + used_;
  used_ += size;
  return out;
}

void SampleColumns::clear() {
  timestamps_ms.clear();
  values.clear();
  start_timestamps_ms.clear();
  histograms.clear();
  arena.clear();
  timestamps_id = 0;
}

}  // namespace nightlight::gorilla
