// Memory in pieces of 2 MiB, each one huge page where the system has any: what is touched all over, a line here and a
// line there, otherwise spends most of its time on finding the pages.
#ifndef NIGHTLIGHT_GORILLA_HEAD_SLAB_H_
#define NIGHTLIGHT_GORILLA_HEAD_SLAB_H_

#include <cstddef>
#include <memory>

namespace nightlight::gorilla {

inline constexpr size_t kSlabBytes = 2 << 20;

struct FreeSlab {
  void operator()(std::byte* slab) const;
};
using Slab = std::unique_ptr<std::byte[], FreeSlab>;

// Aligned to its size; all zero. Straight from the system and back to it: the allocator would hand out parts of huge
// pages again, and a part that is touched makes the whole resident. In small pages when `huge` is false.
Slab make_slab(bool huge);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_SLAB_H_
