#include "model/logarithm.h"

#include <cmath>
#include <limits>

namespace nightlight {
namespace {

// ln 2 in two parts, so that a small integer times the high one is exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kLog2OfE = 1.44269504088896340735992468100189214;
constexpr double kLog10OfE = 0.434294481903251827651128918916605082;
constexpr double kHalfSqrt2 = 7.07106781186547524401e-01;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

// fdlibm's e_log.c: x = 2^k (1 + f), log(1 + f) by a polynomial in s = f / (2 + f).
double log_natural(double x) {
  if (std::isnan(x) || x == kInfinity) return x;
  if (x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -kInfinity;
  int exponent;
  double fraction = std::frexp(x, &exponent);
  if (fraction < kHalfSqrt2) {
    fraction *= 2;
    --exponent;
  }
  double f = fraction - 1;
  double k = exponent;
  double s = f / (2 + f);
  double s2 = s * s;
  double s4 = s2 * s2;
  double odd = s2 * (6.666666666666735130e-01 +
                     s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
  double even = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
  double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + (odd + even)) + k * kLn2Low)) - f);
}

double log_base2(double x) {
  int exponent;
  double fraction = std::frexp(x, &exponent);
  if (fraction == 0.5) return exponent - 1;  // Powers of two exactly.
  return log_natural(fraction) * kLog2OfE + (std::isfinite(x) ? exponent : 0);
}

double log_base10(double x) { return log_natural(x) * kLog10OfE; }

// fdlibm's e_exp.c on x ln 2, reduced to |r| <= ln 2 / 2.
double power_of_two(double x) {
  if (std::isnan(x)) return x;
  if (x > 1.0239999999999999e+03) return kInfinity;
  if (x < -1.0740e+03) return 0;
  int k = static_cast<int>(x > 0 ? x + 0.5 : x < 0 ? x - 0.5 : 0);
  double rest = x - k;
  double high = rest * kLn2High;
  double low = -rest * kLn2Low;
  double r = high - low;
  double t = r * r;
  double c =
      r -
      t * (1.66666666666666657415e-01 +
           t * (-2.77777777770155933842e-03 +
                t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  return std::ldexp(1 - ((low - (r * c) / (2 - c)) - high), k);
}

}  // namespace nightlight
