// The samples of one series, on their way into and out of a block.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_SAMPLE_COLUMNS_H_
#define NIGHTLIGHT_GORILLA_BLOCK_SAMPLE_COLUMNS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/uninitialised.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {

// (name, value), sorted by name, unique, no empty value.
using LabelView = std::pair<std::string_view, std::string_view>;

// A series to be written. Everything is borrowed for the call.
struct SeriesInput {
  std::span<const LabelView> labels;
  // Ascending, no duplicates. Float samples and histograms may be mixed, but never share a time.
  std::span<const int64_t> timestamps_ms;
  std::span<const double> values;                // Parallel to timestamps_ms.
  std::span<const int64_t> start_timestamps_ms;  // Empty (all unknown), or parallel to timestamps_ms.
  std::span<const Histogram* const> histograms;  // Ascending in time. Their start timestamps are kept.
  // Series with the same non-zero id have the same timestamps_ms: saves the writer a comparison.
  uint64_t timestamps_id = 0;
};

// Memory of samples that were read: pieces that never move and are forgotten together. An array often lies right behind
// the one that was allocated before it.
class SampleArena {
 public:
  // `count` uninitialised elements of a trivial type.
  template <class T>
  T* allocate(size_t count) {
    return static_cast<T*>(allocate_bytes(count * sizeof(T), alignof(T)));
  }
  // Forgets everything. A few megabytes are kept for what comes next.
  void clear();

 private:
  struct Piece {
    std::unique_ptr<std::byte[]> memory;
    size_t size_bytes;
  };
  void* allocate_bytes(size_t size, size_t alignment);
  // Makes a piece with so much room the current one.
  void next_piece(size_t at_least);

  std::vector<Piece> pieces_;
  size_t current_ = 0, used_ = 0;  // Pieces behind the current one are empty.
};

// Samples that were read, ascending in time.
struct SampleColumns {
  std::vector<int64_t> timestamps_ms;
  UninitialisedVector<double> values;        // Parallel to timestamps_ms.
  std::vector<int64_t> start_timestamps_ms;  // Empty (all unknown), or parallel to timestamps_ms.
  std::vector<const Histogram*> histograms;  // In `arena`.
  SampleArena arena;

  void clear();
  bool empty() const { return values.empty() && histograms.empty(); }
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_SAMPLE_COLUMNS_H_
