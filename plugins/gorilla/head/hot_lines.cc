#include "gorilla/head/hot_lines.h"

#include <new>

namespace nightlight::gorilla {

void HotLines::resize(uint32_t end) {
  // The first slab stays in small pages: a store of a few hundred series should not take 2 MiB for them.
  while (slabs_.size() * kSlabSeries < end) slabs_.push_back(make_slab(!slabs_.empty()));
  for (; size_ < end; ++size_) new (line(size_)) HotSeries();
}

}  // namespace nightlight::gorilla
