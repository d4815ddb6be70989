#include "gorilla/head/hot_lines.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace nightlight::gorilla {

void HotLines::Free::operator()(HotSeries* slab) const { std::free(slab); }

void HotLines::resize(uint32_t end) {
  constexpr size_t kBytes = size_t{kSlabSeries} * sizeof(HotSeries);
  while (slabs_.size() * kSlabSeries < end) {
    void* memory = std::aligned_alloc(kBytes, kBytes);
    if (memory == nullptr) throw std::bad_alloc();
    // The first slab stays in small pages: a store of a few hundred series should not take 2 MiB for them.
    if (!slabs_.empty()) ::madvise(memory, kBytes, MADV_HUGEPAGE);
    slabs_.emplace_back(static_cast<HotSeries*>(memory));
  }
  for (; size_ < end; ++size_) new (&(*this)[size_]) HotSeries();
}

}  // namespace nightlight::gorilla
