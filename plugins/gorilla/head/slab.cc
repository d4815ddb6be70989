#include "gorilla/head/slab.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace nightlight::gorilla {

void FreeSlab::operator()(std::byte* slab) const { ::munmap(slab, kSlabBytes); }

Slab make_slab(bool huge) {
  // Twice as much has one that is aligned in it.
  void* mapped = ::mmap(nullptr, 2 * kSlabBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(mapped);
  const size_t before = (kSlabBytes - reinterpret_cast<uintptr_t>(mapped) % kSlabBytes) % kSlabBytes;
  std::byte* slab = begin + before;
  if (before > 0) ::munmap(begin, before);
  ::munmap(slab + kSlabBytes, kSlabBytes - before);
  if (huge) ::madvise(slab, kSlabBytes, MADV_HUGEPAGE);
  return Slab(slab);
}

}  // namespace nightlight::gorilla
