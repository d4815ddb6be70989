// One element op one element: floats and native histograms.
#ifndef NIGHTLIGHT_PROMQL_EXEC_BINARY_ELEMENT_H_
#define NIGHTLIGHT_PROMQL_EXEC_BINARY_ELEMENT_H_

#include <cmath>
#include <vector>

#include "model/float_histogram.h"
#include "promql/ast.h"
#include "promql/exec/query_state.h"

namespace nightlight::promql {

// The float operators as function objects: calls `use` with the one of `op`. Comparisons are predicates. False for
// operators that floats do not have.
template <class Use>
bool with_arithmetic(BinaryOp op, Use&& use) {
  switch (op) {
    case BinaryOp::kAdd:
      return use([](double a, double b) { return a + b; }), true;
    case BinaryOp::kSub:
      return use([](double a, double b) { return a - b; }), true;
    case BinaryOp::kMul:
      return use([](double a, double b) { return a * b; }), true;
    case BinaryOp::kDiv:
      return use([](double a, double b) { return a / b; }), true;
    case BinaryOp::kMod:
      return use([](double a, double b) { return std::fmod(a, b); }), true;
    case BinaryOp::kPow:
      return use([](double a, double b) { return std::pow(a, b); }), true;
    case BinaryOp::kAtan2:
      return use([](double a, double b) { return std::atan2(a, b); }), true;
    default:
      return false;
  }
}
template <class Use>
bool with_comparison(BinaryOp op, Use&& use) {
  switch (op) {
    case BinaryOp::kEqual:
      return use([](double a, double b) { return a == b; }), true;
    case BinaryOp::kNotEqual:
      return use([](double a, double b) { return a != b; }), true;
    case BinaryOp::kLess:
      return use([](double a, double b) { return a < b; }), true;
    case BinaryOp::kLessOrEqual:
      return use([](double a, double b) { return a <= b; }), true;
    case BinaryOp::kGreater:
      return use([](double a, double b) { return a > b; }), true;
    case BinaryOp::kGreaterOrEqual:
      return use([](double a, double b) { return a >= b; }), true;
    default:
      return false;
  }
}

// A float, or a histogram when there is one.
struct Element {
  double value = 0;
  const Histogram* histogram = nullptr;
};

// Whether the operator gives the result a meaning of its own, so that the name goes.
constexpr bool changes_meaning(BinaryOp op) { return op <= BinaryOp::kAtan2; }

// Combines elements and remembers what was wrong with them: at each step the last one counts, as in Prometheus.
class ElementOperator {
 public:
  ElementOperator(QueryState& state, const BinaryExpr& expr, uint64_t steps)
      : state_(state), expr_(expr), steps_(steps) {}

  // What comes out. With `defined` false there is no result, and an annotation will say why; with `keep` false a
  // comparison did not hold.
  struct Outcome {
    bool defined = false, keep = false;
    double value = 0;
    bool is_histogram = false;  // Then it is in histogram().
  };
  // kFailedPrecondition: a histogram's layout is broken.
  Result<Outcome> apply(Element lhs, Element rhs, uint64_t step);
  const FloatHistogram& histogram() const { return result_; }
  // When all elements have been seen: the annotations.
  void note_problems();

 private:
  enum class Problem : uint8_t {
    kNone,
    kFloatFloat,
    kFloatHistogram,
    kHistogramFloat,
    kHistogramHistogram,
    kLayouts,
    kHints,
    kBounds,
    kCount
  };
  Result<Outcome> combine(Element lhs, Element rhs);
  Outcome floats(double lhs, double rhs);
  Outcome incompatible(Problem problem);
  Outcome scaled(const Histogram& histogram, double factor);
  Outcome histogram_float(const Histogram& lhs, double rhs);
  Result<Outcome> histograms(const Histogram& lhs, const Histogram& rhs);
  Result<Outcome> sum(const Histogram& lhs, const Histogram& rhs);
  Outcome whole();

  QueryState& state_;
  const BinaryExpr& expr_;
  const uint64_t steps_;
  FloatHistogram result_, other_;
  Problem problem_ = Problem::kNone;  // Of the elements at hand.
  std::vector<Problem> problems_;     // The last one of each step; empty as long as there is none at all.
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_BINARY_ELEMENT_H_
