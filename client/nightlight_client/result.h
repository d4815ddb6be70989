// Errors as values: everything of this library that can fail returns a Result or a Status.
//
// An Error says what failed and what to do, in words that are meant for people, and carries the code of gRPC for
// programs. Nothing here throws, except std::bad_alloc.
#ifndef NIGHTLIGHT_CLIENT_RESULT_H_
#define NIGHTLIGHT_CLIENT_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

// What the shared library exports; everything else in it is hidden.
#define NIGHTLIGHT_CLIENT_API __attribute__((visibility("default")))

namespace nightlight::client {

// gRPC's canonical codes, by number.
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

// The code's name as gRPC writes it: "INVALID_ARGUMENT".
NIGHTLIGHT_CLIENT_API std::string_view name_of(Code code);

struct NIGHTLIGHT_CLIENT_API Error {
  Code code = Code::kUnknown;
  std::string message;
  // What the HTTP API calls the error: bad_data, execution, timeout, canceled, unavailable, internal, not_found. Empty
  // when the server did not say, as when it was not reached.
  std::string error_type;
  // How long the server asks to wait before a repeat; 0 when it did not say.
  int64_t retry_after_ms = 0;

  // "INVALID_ARGUMENT: 1:4: parse error: ..."
  std::string text() const;
  // Whether the same request may succeed later: the server was not reached, was busy or was stopping.
  bool may_succeed_later() const;
};

// A value, or why there is none. Asking for what is not there ends the program.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_CLIENT_RESULT_H_
