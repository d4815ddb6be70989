#include "promql/exec/binary/element.h"

#include "promql/exec/histogram_notes.h"

namespace nightlight::promql {

Result<ElementOperator::Outcome> ElementOperator::apply(Element lhs, Element rhs, uint64_t step) {
  problem_ = Problem::kNone;
  Result<Outcome> out = combine(lhs, rhs);
  if (problem_ == Problem::kNone) return out;
  if (problems_.empty()) problems_.resize(steps_);
  problems_[step] = problem_;
  return out;
}

void ElementOperator::note_problems() {
  bool seen[static_cast<size_t>(Problem::kCount)] = {};
  for (Problem problem : problems_) seen[static_cast<size_t>(problem)] = true;
  auto has = [&](Problem problem) { return seen[static_cast<size_t>(problem)]; };
  const std::string op(name_of(expr_.op));
  auto types = [&](Problem problem, const char* lhs, const char* rhs) {
    if (!has(problem)) return;
    state_.notes.add(
        NoteKind::kInfo,
        "incompatible sample types encountered for binary operator \"" + op + "\": " + lhs + " " + op + " " + rhs,
        expr_.span);
  };
  types(Problem::kFloatFloat, "float", "float");
  types(Problem::kFloatHistogram, "float", "histogram");
  types(Problem::kHistogramFloat, "histogram", "float");
  types(Problem::kHistogramHistogram, "histogram", "histogram");
  if (has(Problem::kLayouts)) {
    state_.notes.add(NoteKind::kWarning, "incompatible bucket layout encountered for binary operator " + op,
                     expr_.span);
  }
  const char* operation = expr_.op == BinaryOp::kAdd ? "addition" : "subtraction";
  if (has(Problem::kHints)) notes::hint_conflict(state_.notes, operation, expr_.span);
  if (has(Problem::kBounds)) notes::bounds_reconciled(state_.notes, operation, expr_.span);
}

Result<ElementOperator::Outcome> ElementOperator::combine(Element lhs, Element rhs) {
  if (lhs.histogram == nullptr && rhs.histogram == nullptr) return floats(lhs.value, rhs.value);
  if (lhs.histogram != nullptr && rhs.histogram != nullptr) return histograms(*lhs.histogram, *rhs.histogram);
  if (lhs.histogram != nullptr) return histogram_float(*lhs.histogram, rhs.value);
  if (expr_.op == BinaryOp::kMul) return scaled(*rhs.histogram, lhs.value);
  return incompatible(Problem::kFloatHistogram);
}

ElementOperator::Outcome ElementOperator::floats(double lhs, double rhs) {
  Outcome out{true, true, lhs, false};
  if (with_arithmetic(expr_.op, [&](auto f) { out.value = f(lhs, rhs); })) return out;
  if (with_comparison(expr_.op, [&](auto holds) { out.keep = holds(lhs, rhs); })) return out;
  return incompatible(Problem::kFloatFloat);
}

ElementOperator::Outcome ElementOperator::incompatible(Problem problem) {
  problem_ = problem;
  return {};
}

ElementOperator::Outcome ElementOperator::whole() { return {true, true, 0, true}; }

ElementOperator::Outcome ElementOperator::scaled(const Histogram& histogram, double factor) {
  result_.assign(histogram);
  result_.multiply(factor);
  result_.compact();
  return whole();
}

ElementOperator::Outcome ElementOperator::histogram_float(const Histogram& lhs, double rhs) {
  switch (expr_.op) {
    case BinaryOp::kMul:
      return scaled(lhs, rhs);
    case BinaryOp::kDiv:
      result_.assign(lhs);
      result_.divide(rhs);
      result_.compact();
      return whole();
    case BinaryOp::kTrimUpper:
      result_.assign(lhs);
      trim_above(result_, rhs);
      return whole();
    case BinaryOp::kTrimLower:
      result_.assign(lhs);
      trim_below(result_, rhs);
      return whole();
    default:
      return incompatible(Problem::kHistogramFloat);
  }
}

Result<ElementOperator::Outcome> ElementOperator::histograms(const Histogram& lhs, const Histogram& rhs) {
  if (expr_.op == BinaryOp::kAdd || expr_.op == BinaryOp::kSub) return sum(lhs, rhs);
  if (expr_.op != BinaryOp::kEqual && expr_.op != BinaryOp::kNotEqual)
    return incompatible(Problem::kHistogramHistogram);
  result_.assign(lhs);
  other_.assign(rhs);
  Outcome out = whole();
  out.keep = result_.equals(other_) == (expr_.op == BinaryOp::kEqual);
  return out;
}

Result<ElementOperator::Outcome> ElementOperator::sum(const Histogram& lhs, const Histogram& rhs) {
  const bool add = expr_.op == BinaryOp::kAdd;
  result_.assign(lhs);
  other_.assign(rhs);
  Result<Reconciled> done = add ? result_.add(other_) : result_.subtract(other_);
  if (!done.ok()) {
    if (done.error().code != Code::kInvalidArgument) return Error{Code::kFailedPrecondition, done.error().message};
    return incompatible(Problem::kLayouts);
  }
  // As in Prometheus, the element is lost to the warning.
  if (done->hint_conflict) return incompatible(Problem::kHints);
  if (done->custom_bounds) problem_ = Problem::kBounds;
  if (!add) result_.reset_hint = ResetHint::kGauge;
  result_.compact();
  return whole();
}

}  // namespace nightlight::promql
