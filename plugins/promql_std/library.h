// All functions of PromQL as one function library.
#ifndef NIGHTLIGHT_PROMQL_STD_LIBRARY_H_
#define NIGHTLIGHT_PROMQL_STD_LIBRARY_H_

#include <vector>

#include "promql_std/definition.h"

namespace nightlight::promql_std {

class Library final : public FunctionLibrary {
 public:
  explicit Library(Host* host);

  View<const FunctionSpec*> functions() noexcept override { return view_of(specs_); }
  Status prepare(Str name, Function** out) noexcept override;

 private:
  Host* host_;
  std::vector<const Definition*> definitions_;  // Sorted by name.
  std::vector<const FunctionSpec*> specs_;      // Parallel.
};

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_LIBRARY_H_
