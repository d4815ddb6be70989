// Functions of one value: rounding, roots, logarithms, limits.
#include <cmath>
#include <limits>

#include "model/logarithm.h"
#include "promql_std/definition.h"
#include "promql_std/go_compare.h"
#include "promql_std/map_column.h"

namespace nightlight::promql_std {
namespace {

double absolute(double v) { return std::fabs(v); }
double ceiling(double v) { return std::ceil(v); }
double floor(double v) { return std::floor(v); }
double exponential(double v) { return std::exp(v); }
double square_root(double v) { return std::sqrt(v); }
double sign(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }

Status round(Scope& scope, const Column& in, ColumnOut& out) {
  bool has_unit = scope.argument_count() > 1;
  return map_floats(scope, in, out, [&](uint64_t step, double v) {
    double inverse = 1.0 / (has_unit ? scope.scalar(1, step) : 1.0);
    return std::floor(v * inverse + 0.5) / inverse;
  });
}

Status clamp_between(Scope& scope, const Column& in, ColumnOut& out, auto minimum, auto maximum) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    double low = minimum(step), high = maximum(step);
    if (has_float(in, step) && !(high < low)) emit(out, step, go_max(low, go_min(high, in.values[step])));
  }
  return kOkStatus;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Status clamp(Scope& scope, const Column& in, ColumnOut& out) {
  return clamp_between(
      scope, in, out, [&](uint64_t step) { return scope.scalar(1, step); },
      [&](uint64_t step) { return scope.scalar(2, step); });
}
Status clamp_min(Scope& scope, const Column& in, ColumnOut& out) {
  return clamp_between(
      scope, in, out, [&](uint64_t step) { return scope.scalar(1, step); }, [](uint64_t) { return kInfinity; });
}
Status clamp_max(Scope& scope, const Column& in, ColumnOut& out) {
  return clamp_between(
      scope, in, out, [](uint64_t) { return -kInfinity; }, [&](uint64_t step) { return scope.scalar(1, step); });
}

constexpr ValueType kClampArguments[] = {ValueType::kVector, ValueType::kScalar, ValueType::kScalar};

constexpr Definition kFunctions[] = {
    column_function("abs", view_of(kVectorOnly), map_column<absolute>, "The absolute value."),
    column_function("ceil", view_of(kVectorOnly), map_column<ceiling>, "Rounded up to an integer."),
    column_function("floor", view_of(kVectorOnly), map_column<floor>, "Rounded down to an integer."),
    column_function("exp", view_of(kVectorOnly), map_column<exponential>, "e to the power of the value."),
    column_function("sqrt", view_of(kVectorOnly), map_column<square_root>, "The square root."),
    column_function("ln", view_of(kVectorOnly), map_column<log_natural>, "The natural logarithm."),
    column_function("log2", view_of(kVectorOnly), map_column<log_base2>, "The binary logarithm."),
    column_function("log10", view_of(kVectorOnly), map_column<log_base10>, "The decimal logarithm."),
    column_function("sgn", view_of(kVectorOnly), map_column<sign>, "-1, 0 or 1 by the sign."),
    column_function("round", view_of(kVectorScalar), round, "Rounded to a multiple of the second argument (1).", 0, 1),
    column_function("clamp", view_of(kClampArguments), clamp, "Limited to lie between two bounds."),
    column_function("clamp_min", view_of(kVectorScalar), clamp_min, "Limited from below."),
    column_function("clamp_max", view_of(kVectorScalar), clamp_max, "Limited from above."),
};

}  // namespace

std::span<const Definition> math_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
