#include "promql_std/extrapolate.h"

#include "base/vector_clones.h"

namespace nightlight::promql_std {
namespace {

NIGHTLIGHT_VECTOR_CLONES void extrapolate(size_t size, const double* __restrict to_start,
                                          const double* __restrict to_end, const double* __restrict between,
                                          const double* __restrict gaps, const double* __restrict sampled,
                                          const double* __restrict first, const double* __restrict increase,
                                          double divisor, double* __restrict results) {
  for (size_t i = 0; i < size; ++i) {
    double ratio = first[i] / increase[i];
    double traced = increase[i] > 0 ? (first[i] >= 0 ? ratio : kNotTraced) : kNotTraced;
    double factor = extrapolation_factor({to_start[i], to_end[i], between[i], gaps[i], sampled[i]}, traced);
    results[i] = increase[i] * (factor / divisor);
  }
}

}  // namespace

void Extrapolation::compute(double divisor) {
  extrapolate(size_, to_start_, to_end_, between_, gaps_, sampled_, first_, increase_, divisor, results_);
}

}  // namespace nightlight::promql_std
