// Errors as values: what a function that can fail returns inside Nightlight. At the plugin boundary an Error becomes a
// Status (its code) and a text that the host keeps.
#ifndef NIGHTLIGHT_BASE_RESULT_H_
#define NIGHTLIGHT_BASE_RESULT_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"
#include "nightlight/abi.h"

namespace nightlight {

// What failed, on what, and what to do: lower case, no full stop. Causes are appended with ": ".
struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string message;

  Error with(std::string_view context) && {
    message.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    NIGHTLIGHT_CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  Error&& error() && {
    NIGHTLIGHT_CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(std::move(state_));
  }

 private:
  T& checked() {
    NIGHTLIGHT_CHECK(ok(), std::get<1>(state_).message.c_str());
    return std::get<0>(state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace nightlight

// Leaves the function with the error of `expression` (a Result), if it has one.
#define NIGHTLIGHT_TRY(expression)                                                                                \
  do {                                                                                                            \
    if (auto nightlight_tried = (expression); !nightlight_tried.ok()) return std::move(nightlight_tried).error(); \
  } while (false)

// Declares `name` with the value of `expression`, or leaves the function with its error.
#define NIGHTLIGHT_ASSIGN(name, expression)                         \
  auto name##_result = (expression);                                \
  if (!name##_result.ok()) return std::move(name##_result).error(); \
  auto name = std::move(name##_result).value()

#endif  // NIGHTLIGHT_BASE_RESULT_H_
