#include "promql_std/extrapolate.h"

namespace nightlight::promql_std {
namespace {

// Wider vectors where the processor has them. Neither has fused operations: every processor gives the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NIGHTLIGHT_VECTOR_CLONES __attribute__((target_clones("default", "avx2"), optimize("O3", "no-trapping-math")))
#else
#define NIGHTLIGHT_VECTOR_CLONES
#endif

// Without branches: what a window does not need is computed and dropped.
NIGHTLIGHT_VECTOR_CLONES void extrapolate(size_t size, const double* __restrict to_start_ms,
                                          const double* __restrict to_end_ms, const double* __restrict between_ms,
                                          const double* __restrict gaps, const double* __restrict sampled_ms,
                                          const double* __restrict first, const double* __restrict increase,
                                          double divisor, double* __restrict results) {
  for (size_t i = 0; i < size; ++i) {
    double to_start = to_start_ms[i] / 1000, to_end = to_end_ms[i] / 1000, sampled = sampled_ms[i] / 1000;
    double average = between_ms[i] / 1000 / gaps[i];
    double threshold = average * 1.1, half = average / 2;
    to_start = to_start >= threshold ? half : to_start;
    to_end = to_end >= threshold ? half : to_end;
    // How long the counter took from its zero to the first sample, had it always risen as in the window.
    double to_zero = sampled * (first[i] / increase[i]);
    double nearest = to_zero < to_start ? to_zero : to_start;
    to_start = increase[i] > 0 ? (first[i] >= 0 ? nearest : to_start) : to_start;
    double factor = (sampled + to_start + to_end) / sampled;
    factor = sampled == 0 ? 1.0 : factor;
    results[i] = increase[i] * (factor / divisor);
  }
}

}  // namespace

void Extrapolation::compute(double divisor) {
  extrapolate(size_, to_start_ms_, to_end_ms_, between_ms_, gaps_, sampled_ms_, first_, increase_, divisor, results_);
}

}  // namespace nightlight::promql_std
