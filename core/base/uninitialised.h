// Vectors that leave what they grow by as it is in memory: for numbers that are about to be written.
#ifndef NIGHTLIGHT_BASE_UNINITIALISED_H_
#define NIGHTLIGHT_BASE_UNINITIALISED_H_

#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace nightlight {

template <class T>
struct UninitialisedAllocator : std::allocator<T> {
  static_assert(std::is_trivial_v<T>);
  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };

  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};

// resize(n) sets no element.
template <class T>
using UninitialisedVector = std::vector<T, UninitialisedAllocator<T>>;

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_UNINITIALISED_H_
