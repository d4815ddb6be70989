#include "gorilla/block/sample_columns.h"

#include <algorithm>

namespace nightlight::gorilla {

namespace {

constexpr size_t kFirstPieceBytes = 4096, kLargestPieceBytes = 256 << 10;
constexpr size_t kKeptBytes = 4 << 20;

}  // namespace

void SampleArena::clear() {
  size_t kept = 0, bytes = 0;
  while (kept < pieces_.size() && bytes + pieces_[kept].size_bytes <= kKeptBytes) bytes += pieces_[kept++].size_bytes;
  pieces_.resize(kept);
  current_ = used_ = 0;
}

void SampleArena::next_piece(size_t at_least) {
  if (!pieces_.empty()) ++current_;
  used_ = 0;
  if (current_ < pieces_.size() && pieces_[current_].size_bytes >= at_least) return;
  const size_t wanted =
      current_ == 0 ? kFirstPieceBytes : std::min(2 * pieces_[current_ - 1].size_bytes, kLargestPieceBytes);
  const size_t size = std::max(wanted, at_least);
  Piece piece{std::make_unique_for_overwrite<std::byte[]>(size), size};
  pieces_.insert(pieces_.begin() + static_cast<ptrdiff_t>(current_), std::move(piece));
}

void* SampleArena::allocate_bytes(size_t size, size_t alignment) {
  used_ = (used_ + alignment - 1) / alignment * alignment;
  if (pieces_.empty() || used_ > pieces_[current_].size_bytes || pieces_[current_].size_bytes - used_ < size)
    next_piece(size);
  void* out = pieces_[current_].memory.get() + used_;
  used_ += size;
  return out;
}

void SampleColumns::clear() {
  timestamps_ms.clear();
  values.clear();
  start_timestamps_ms.clear();
  histograms.clear();
  arena.clear();
}

}  // namespace nightlight::gorilla
