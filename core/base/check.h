// Invariants. A failed check is a bug of ours and ends the process with a line that says where; input, files and the
// network are never checked this way.
#ifndef NIGHTLIGHT_BASE_CHECK_H_
#define NIGHTLIGHT_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace nightlight {

[[noreturn]] inline void check_failed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, why);
  std::abort();
}

}  // namespace nightlight

#define NIGHTLIGHT_CHECK(condition, why) \
  (static_cast<bool>(condition) ? void() : ::nightlight::check_failed(#condition, why, __FILE__, __LINE__))

#ifdef NDEBUG
#define NIGHTLIGHT_DCHECK(condition, why) void()
#else
#define NIGHTLIGHT_DCHECK(condition, why) NIGHTLIGHT_CHECK(condition, why)
#endif

#endif  // NIGHTLIGHT_BASE_CHECK_H_
