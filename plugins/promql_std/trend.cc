// Smoothing of the samples of a window, and the area below them.
#include <cmath>
#include <cstdio>

#include "model/kahan.h"
#include "promql_std/window.h"

namespace nightlight::promql_std {
namespace {

bool is_factor(double v) { return !(v <= 0 || v >= 1); }

std::string bad_factor(const char* which, const char* name, double v) {
  char number[400];
  std::snprintf(number, sizeof number, std::isfinite(v) ? "%f" : std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf", v);
  return std::string("invalid ") + which + " factor. Expected: 0 < " + name + " < 1, got: " + number;
}

double smooth(const double* values, uint32_t begin, uint32_t end, double smoothing, double trend_factor) {
  double level = values[begin], previous = 0;
  double trend = values[begin + 1] - values[begin];
  for (uint32_t i = begin + 1; i < end; ++i) {
    double scaled = smoothing * values[i];
    if (i > begin + 1) {
      double change = trend_factor * (level - previous);
      double kept = (1 - trend_factor) * trend;
      trend = change + kept;
    }
    double expected = (1 - smoothing) * (level + trend);
    previous = level;
    level = scaled + expected;
  }
  return level;
}

Status double_exponential_smoothing(Scope& scope, const Windows& w, ColumnOut& out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) {
    if (window_at(w, step).empty()) continue;
    double smoothing = scope.scalar(1, step), trend = scope.scalar(2, step);
    if (!is_factor(smoothing)) return scope.fail(Code::kFailedPrecondition, bad_factor("smoothing", "sf", smoothing));
    if (!is_factor(trend)) return scope.fail(Code::kFailedPrecondition, bad_factor("trend", "tf", trend));
  }
  return each_float_window(scope, w, 0, 2, [&](uint64_t step, uint32_t begin, uint32_t end) {
    emit(out, step, smooth(w.values, begin, end, scope.scalar(1, step), scope.scalar(2, step)));
  });
}

enum class Strategy { kLeft, kRight, kTrapezoid };

// The height of the area between two samples, with what rounding took from it.
CompensatedSum height(Strategy strategy, double left, double right) {
  if (strategy == Strategy::kLeft) return {left, 0};
  if (strategy == Strategy::kRight) return {right, 0};
  if (left == 0 && right == 0) return {};
  CompensatedSum sum{left, 0};
  sum.add(right);
  if (std::isinf(sum.sum) && !std::isinf(left) && !std::isinf(right)) {
    sum = {left / 2, 0};
    sum.add(right / 2);
    return sum;
  }
  return {sum.sum / 2, sum.compensation / 2};
}

// NaN counts as 0.
double area(const Windows& w, uint32_t begin, uint32_t end, Strategy strategy) {
  auto value = [&](uint32_t i) { return std::isnan(w.values[i]) ? 0.0 : w.values[i]; };
  CompensatedSum sum;
  for (uint32_t i = begin + 1; i < end; ++i) {
    CompensatedSum h = height(strategy, value(i - 1), value(i));
    if (h.sum == 0 && h.compensation == 0) continue;
    double seconds = static_cast<double>(w.timestamps_ms[i] - w.timestamps_ms[i - 1]) / 1000;
    sum.compensation += h.compensation * seconds;
    sum.add(h.sum * seconds);
  }
  return sum.total();
}

Status integral(Scope& scope, const Windows& w, ColumnOut& out) {
  return each_float_window(scope, w, 0, 1, [&](uint64_t step, uint32_t begin, uint32_t end) {
    double wanted = scope.argument_count() > 1 ? scope.scalar(1, step) : 2;
    Strategy strategy = wanted == 0 ? Strategy::kLeft : wanted == 1 ? Strategy::kRight : Strategy::kTrapezoid;
    if (wanted != 0 && wanted != 1 && wanted != 2) scope.warn(notes::invalid_strategy(wanted), 1);
    emit(out, step, area(w, begin, end, strategy));
  });
}

constexpr ValueType kSmoothing[] = {ValueType::kMatrix, ValueType::kScalar, ValueType::kScalar};

constexpr Definition kFunctions[] = {
    window_function("double_exponential_smoothing", view_of(kSmoothing), double_exponential_smoothing,
                    "Smoothed with a smoothing and a trend factor.", kExperimental),
    window_function("integral", view_of(kMatrixScalar), integral,
                    "The area below the samples: by left (0), right (1) or trapezoidal rule (2).", kExperimental, 1),
};

}  // namespace

std::span<const Definition> trend_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
