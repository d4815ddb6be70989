// Operators between a vector and a scalar, and between scalars.
#include <algorithm>

#include "promql/exec/binary/binary.h"
#include "promql/exec/binary/element.h"
#include "promql/exec/dropped_name.h"
#include "promql/exec/merge_equal.h"

namespace nightlight::promql {

Result<void> combine_scalars(BinaryOp op, const double* lhs, const double* rhs, uint64_t steps, double* out) {
  auto each = [&](auto f) {
    for (uint64_t step = 0; step < steps; ++step) out[step] = static_cast<double>(f(lhs[step], rhs[step]));
  };
  if (with_arithmetic(op, each) || with_comparison(op, each)) return {};
  return Error{Code::kFailedPrecondition,
               "operator \"" + std::string(name_of(op)) + "\" not allowed for Scalar operations"};
}

namespace {

class WithScalar final : public VectorStream {
 public:
  WithScalar(QueryState& state, Domain& domain, const BinaryExpr& expr, VectorStreamPtr operand, const double* scalar,
             bool scalar_left, Keep keep)
      : state_(state),
        domain_(domain),
        expr_(expr),
        operand_(std::move(operand)),
        scalar_(scalar),
        scalar_left_(scalar_left),
        element_(state, expr, domain.steps()),
        renamed_(state),
        room_(state, domain, keep) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(column, operand_->next());
      if (column == nullptr) {
        element_.note_problems();
        return nullptr;
      }
      NIGHTLIGHT_ASSIGN(fill, make(*column));
      if (!floats_in_bulk(*column, fill)) {
        for (uint64_t step = 0; step < domain_.steps(); ++step) {
          if (has_float(*column, step)) NIGHTLIGHT_TRY(put(fill, step, {column->values[step], nullptr}));
        }
      }
      for (uint64_t step = 0; column->histograms != nullptr && step < domain_.steps(); ++step) {
        if (column->histograms[step] != nullptr) NIGHTLIGHT_TRY(put(fill, step, {0, column->histograms[step]}));
      }
      if (has_any(*fill.column, domain_)) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return operand_->distinct_without_name(); }

 private:
  Result<ColumnFill> make(const Column& column) {
    ColumnFill fill;
    if (changes_meaning(expr_.op) || expr_.return_bool) {
      renamed_.apply(column.labels, column.flags);
      fill = room_.fresh(renamed_.labels, renamed_.flags, column.histograms != nullptr);
    } else {
      fill = room_.fresh(column.labels, column.flags, column.histograms != nullptr);
    }
    if (!fill) return state_.out_of_memory();
    return fill;
  }

  // Floats without the detour of single elements. False for operators that floats do not have.
  bool floats_in_bulk(const Column& column, const ColumnFill& fill) {
    const double* lhs = scalar_left_ ? scalar_ : column.values;
    const double* rhs = scalar_left_ ? column.values : scalar_;
    const uint64_t steps = domain_.steps();
    auto arithmetic = [&](auto f) {
      for (uint64_t step = 0; step < steps; ++step) fill.values[step] = f(lhs[step], rhs[step]);
      std::copy(column.valid, column.valid + domain_.words(), fill.valid);
    };
    if (with_arithmetic(expr_.op, arithmetic)) return true;
    return with_comparison(expr_.op, [&](auto holds) {
      for (uint64_t step = 0; step < steps; ++step) {
        if (!has_float(column, step)) continue;
        const bool keep = holds(lhs[step], rhs[step]);
        if (expr_.return_bool) {
          fill.set(step, keep ? 1 : 0);
        } else if (keep) {
          fill.set(step, column.values[step]);  // The vector's value, whichever side it is on.
        }
      }
    });
  }

  Result<void> put(const ColumnFill& fill, uint64_t step, Element element) {
    Element scalar{scalar_[step], nullptr};
    NIGHTLIGHT_ASSIGN(out,
                      scalar_left_ ? element_.apply(scalar, element, step) : element_.apply(element, scalar, step));
    if (!out.defined) return {};
    if (!out.is_histogram) {
      fill.set(step, out.value);
      return {};
    }
    if ((fill.histograms[step] = room_.store(element_.histogram(), step)) == nullptr) return state_.out_of_memory();
    return {};
  }

  QueryState& state_;
  const Domain& domain_;
  const BinaryExpr& expr_;
  VectorStreamPtr operand_;
  const double* const scalar_;
  const bool scalar_left_;
  ElementOperator element_;
  DroppedName renamed_;
  ColumnRoom room_;
};

}  // namespace

Result<VectorStreamPtr> open_with_scalar(QueryState& state, Domain& domain, const BinaryExpr& expr,
                                         VectorStreamPtr operand, const double* scalar, bool scalar_left, Keep keep) {
  const bool drops = changes_meaning(expr.op) || expr.return_bool;
  Keep kept = drops ? keep_for_merging(state, operand->distinct_without_name(), keep) : keep;
  VectorStreamPtr stream =
      std::make_unique<WithScalar>(state, domain, expr, std::move(operand), scalar, scalar_left, kept);
  if (!drops) return stream;
  return merge_nameless(state, domain, std::move(stream));
}

}  // namespace nightlight::promql
