// Columns whose every float becomes another float; histograms are left out.
#ifndef NIGHTLIGHT_PROMQL_STD_MAP_COLUMN_H_
#define NIGHTLIGHT_PROMQL_STD_MAP_COLUMN_H_

#include "promql_std/output.h"

namespace nightlight::promql_std {

// f(step, value)
template <class F>
Status map_floats(const Scope& scope, const Column& in, ColumnOut& out, F&& f) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (has_float(in, step)) emit(out, step, f(step, in.values[step]));
  }
  return kOkStatus;
}

template <double (*kFunction)(double)>
Status map_column(Scope& scope, const Column& in, ColumnOut& out) {
  return map_floats(scope, in, out, [](uint64_t, double v) { return kFunction(v); });
}

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_MAP_COLUMN_H_
