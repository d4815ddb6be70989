// Logarithms and powers of two by the formulas of fdlibm, which Prometheus' arithmetic has: the C library's are at
// least as good, but differ in the last bit now and then, and query answers should not.
#ifndef NIGHTLIGHT_MODEL_LOGARITHM_H_
#define NIGHTLIGHT_MODEL_LOGARITHM_H_

namespace nightlight {

// Special values as in IEEE 754: log of 0 is -Inf, of a negative number NaN.
double log_natural(double x);
double log_base2(double x);
double log_base10(double x);
double power_of_two(double x);

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_LOGARITHM_H_
