// Angles.
#include <cmath>

#include "promql_std/definition.h"
#include "promql_std/map_column.h"

namespace nightlight::promql_std {
namespace {

// Each factor is one correctly rounded constant: multiplying and dividing by 180 would overflow for huge values.
double radians(double v) { return v * 0.017453292519943295; }
double degrees(double v) { return v * 57.29577951308232; }

constexpr Definition kFunctions[] = {
    column_function("sin", view_of(kVectorOnly), map_column<std::sin>, "The sine."),
    column_function("cos", view_of(kVectorOnly), map_column<std::cos>, "The cosine."),
    column_function("tan", view_of(kVectorOnly), map_column<std::tan>, "The tangent."),
    column_function("asin", view_of(kVectorOnly), map_column<std::asin>, "The inverse sine."),
    column_function("acos", view_of(kVectorOnly), map_column<std::acos>, "The inverse cosine."),
    column_function("atan", view_of(kVectorOnly), map_column<std::atan>, "The inverse tangent."),
    column_function("sinh", view_of(kVectorOnly), map_column<std::sinh>, "The hyperbolic sine."),
    column_function("cosh", view_of(kVectorOnly), map_column<std::cosh>, "The hyperbolic cosine."),
    column_function("tanh", view_of(kVectorOnly), map_column<std::tanh>, "The hyperbolic tangent."),
    column_function("asinh", view_of(kVectorOnly), map_column<std::asinh>, "The inverse hyperbolic sine."),
    column_function("acosh", view_of(kVectorOnly), map_column<std::acosh>, "The inverse hyperbolic cosine."),
    column_function("atanh", view_of(kVectorOnly), map_column<std::atanh>, "The inverse hyperbolic tangent."),
    column_function("rad", view_of(kVectorOnly), map_column<radians>, "Degrees in radians."),
    column_function("deg", view_of(kVectorOnly), map_column<degrees>, "Radians in degrees."),
};

}  // namespace

std::span<const Definition> trigonometry_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
