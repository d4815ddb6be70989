// The hot lines of all series, by id, in slabs of huge pages: an append touches one line, and with 4 KiB pages most of
// its time would go into finding the page.
#ifndef NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_
#define NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "gorilla/head/open_chunk.h"

namespace nightlight::gorilla {

class HotLines {
 public:
  HotSeries& operator[](uint32_t id) { return slabs_[id >> kSlabBits][id & (kSlabSeries - 1)]; }
  const HotSeries& operator[](uint32_t id) const { return slabs_[id >> kSlabBits][id & (kSlabSeries - 1)]; }
  // Makes lines for all ids below `end`.
  void resize(uint32_t end);
  uint32_t size() const { return size_; }
  size_t memory_bytes() const { return size_t{size_} * sizeof(HotSeries); }

 private:
  static constexpr uint32_t kSlabBits = 15;
  static constexpr uint32_t kSlabSeries = 1u << kSlabBits;  // 2 MiB
  struct Free {
    void operator()(HotSeries* slab) const;
  };
  std::vector<std::unique_ptr<HotSeries[], Free>> slabs_;
  uint32_t size_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_HOT_LINES_H_
