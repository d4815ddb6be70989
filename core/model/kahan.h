// Compensated summation (Neumaier), operation by operation as Prometheus does it, so that sums have the same bits.
#ifndef NIGHTLIGHT_MODEL_KAHAN_H_
#define NIGHTLIGHT_MODEL_KAHAN_H_

#include <cmath>

namespace nightlight {

struct CompensatedSum {
  double sum = 0;
  double compensation = 0;

  void add(double value) {
    double total = sum + value;
    if (std::isinf(total)) {
      compensation = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      compensation += (sum - total) + value;
    } else {
      compensation += (value - total) + sum;
    }
    sum = total;
  }

  // The sum, with its compensation unless it is infinite.
  double total() const { return std::isinf(sum) ? sum : sum + compensation; }
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_MODEL_KAHAN_H_
