// What crosses the boundary between host and plugin: plain data of fixed size, nothing else.
//
// The contract is a set of abstract classes ("interfaces") over the types of this header. No standard-library type, no
// exception, no RTTI, no destructor and no allocation crosses it, so that host and plugin may be built by different
// compilers against different standard libraries. The rules, which hold for every header here:
//
//  * Interfaces are found by id (`nightlight.<name>/<revision>`) through `query`. A released interface never changes:
//  it grows by
//    a derived class with the next revision.
//  * Structs that may grow begin with `struct_size`; readers look at a field only if `knows` says that the writer had
//  it.
//    They travel by pointer, and arrays of them are arrays of pointers.
//  * Views and pointers that a call receives are borrowed for the call, unless its comment says otherwise.
//  * Objects end by `release()`, called by their owner; nobody frees what the other side allocated.
//  * Each method says who may call it: [any] any thread, concurrently; [control] the host's control thread, one call at
//  a time;
//    [one] any thread, but never two at once on the same object.
//  * Every method is noexcept. A plugin turns its own exceptions into a Status (`guard` in sugar.h).
//
// C++17, standard library only.
#ifndef NIGHTLIGHT_ABI_H_
#define NIGHTLIGHT_ABI_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

// Until 1.0 the contract may change with every minor: host and plugin must agree on it exactly (see component.h).
#define NIGHTLIGHT_SDK_MAJOR 0
#define NIGHTLIGHT_SDK_MINOR 1

#define NIGHTLIGHT_EXPORT extern "C" __attribute__((visibility("default")))
// Interface classes keep default visibility even in plugins built with -fvisibility=hidden: link-time optimisation must
// not assume that it sees every override.
#define NIGHTLIGHT_INTERFACE __attribute__((visibility("default")))

namespace nightlight {

// A borrowed run of bytes, not terminated by a zero. Text is UTF-8. `data` may be null when `size` is 0.
struct Str {
  const char* data;
  uint64_t size;
};

// A borrowed array. `data` may be null when `size` is 0.
template <class T>
struct View {
  const T* data;
  uint64_t size;

  const T* begin() const { return data; }
  const T* end() const { return data + size; }
  const T& operator[](uint64_t i) const { return data[i]; }
  bool empty() const { return size == 0; }
};

// gRPC's canonical codes, by number. They map onto HTTP statuses in one place of each frontend.
enum class Code : uint32_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The outcome of a call. The text of a failure is kept by the host for the calling thread: see Host::fail.
struct [[nodiscard]] Status {
  Code code;
  uint32_t detail;  // Reserved, 0.

  bool ok() const { return code == Code::kOk; }
};

inline constexpr Status kOkStatus{Code::kOk, 0};

// True when the writer of `*object` knew `field`, by the size that it wrote into `struct_size`.
#define NIGHTLIGHT_KNOWS(object, field) \
  ((object)->struct_size >= offsetof(std::remove_reference_t<decltype(*(object))>, field) + sizeof((object)->field))

// One label of a series. Label sets are sorted by name (byte order), names are unique, and no value is empty.
struct LabelPair {
  Str name;
  Str value;
};

struct KeyValue {
  Str key;
  Str value;
};

// What travels with every storage and engine call.
struct CallContext {
  uint32_t struct_size;
  uint32_t flags;             // 0
  Str tenant;                 // "" is the default tenant.
  int64_t deadline_ns;        // On the host's monotonic clock; INT64_MAX: none.
  uint64_t byte_budget;       // Memory that the call may hold at once; UINT64_MAX: no limit.
  const uint32_t* cancelled;  // Non-zero once the caller has gone; null: never. Read atomically; outlives the answer.
};

static_assert(sizeof(Str) == 16 && std::is_trivially_copyable_v<Str>);
static_assert(sizeof(View<int>) == 16 && std::is_trivially_copyable_v<View<int>>);
static_assert(sizeof(Status) == 8 && std::is_trivially_copyable_v<Status>);
static_assert(sizeof(LabelPair) == 32);
static_assert(sizeof(CallContext) == 48);

}  // namespace nightlight

#endif  // NIGHTLIGHT_ABI_H_
