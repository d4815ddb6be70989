// The hot lines of all series, by id.
#ifndef NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_
#define NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_

#include <cstdint>
#include <new>
#include <vector>

#include "gorilla/head/open_chunk.h"
#include "gorilla/head/slab.h"

namespace nightlight::gorilla {

class HotLines {
 public:
  HotSeries& operator[](uint32_t id) { return *std::launder(reinterpret_cast<HotSeries*>(line(id))); }
  const HotSeries& operator[](uint32_t id) const { return *std::launder(reinterpret_cast<HotSeries*>(line(id))); }
  // Makes lines for all ids below `end`.
  void resize(uint32_t end);
  uint32_t size() const { return size_; }
  size_t memory_bytes() const { return size_t{size_} * sizeof(HotSeries); }

 private:
  static constexpr uint32_t kSlabBits = 15;
  static constexpr uint32_t kSlabSeries = 1u << kSlabBits;
  static_assert(kSlabSeries * sizeof(HotSeries) == kSlabBytes);

  std::byte* line(uint32_t id) const {
    return slabs_[id >> kSlabBits].get() + size_t{id & (kSlabSeries - 1)} * sizeof(HotSeries);
  }

  std::vector<Slab> slabs_;
  uint32_t size_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_
