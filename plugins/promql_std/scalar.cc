// Scalars: from vectors, into vectors, and constants.
#include <limits>

#include "promql_std/definition.h"
#include "promql_std/go_compare.h"
#include "promql_std/output.h"

namespace nightlight::promql_std {
namespace {

// The value of the only float at a step, else NaN; histograms do not count.
Status scalar(Scope& scope, double* out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    uint64_t found = 0;
    for (const Column* column : scope.argument(0).vector) {
      if (!has_float(*column, step)) continue;
      if (++found > 1) break;
      out[step] = column->values[step];
    }
    if (found != 1) out[step] = std::numeric_limits<double>::quiet_NaN();
  }
  return kOkStatus;
}

Status vector(Scope& scope, ColumnSink& out) {
  NewColumn column = new_column(scope, {}, 0);
  if (column.column == nullptr) return Scope::out_of_memory();
  for (uint64_t step = 0; step < scope.steps(); ++step) column.emit(step, scope.scalar(0, step));
  return out.add(column.column);
}

Status min_of(Scope& scope, double* out) {
  for (uint64_t step = 0; step < scope.steps(); ++step)
    out[step] = go_min(scope.scalar(0, step), scope.scalar(1, step));
  return kOkStatus;
}
Status max_of(Scope& scope, double* out) {
  for (uint64_t step = 0; step < scope.steps(); ++step)
    out[step] = go_max(scope.scalar(0, step), scope.scalar(1, step));
  return kOkStatus;
}

Status pi(Scope& scope, double* out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) out[step] = 3.14159265358979323846;
  return kOkStatus;
}

constexpr Definition kFunctions[] = {
    scalar_function("pi", kNoArguments, pi, "The ratio of a circle's circumference to its diameter."),
    scalar_function("scalar", view_of(kVectorOnly), scalar, "The value of a vector with one float, else NaN."),
    scalar_function("min_of", view_of(kTwoScalars), min_of, "The lesser of two scalars.", kExperimental),
    scalar_function("max_of", view_of(kTwoScalars), max_of, "The greater of two scalars.", kExperimental),
    vector_function("vector", view_of(kScalarOnly), vector, "A vector of one value without labels."),
};

}  // namespace

std::span<const Definition> scalar_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
