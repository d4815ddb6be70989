#include "promql/plan/info_reference.h"

namespace nightlight::promql {
namespace {

struct Reference {
  std::optional<int64_t> at_ms;
  int64_t offset_ms = 0;

  bool same_time(const Reference& other) const {
    if (!at_ms || !other.at_ms) return !at_ms && !other.at_ms && offset_ms == other.offset_ms;
    return *at_ms - offset_ms == *other.at_ms - other.offset_ms;
  }
};

class Search {
 public:
  // Whether there is a selector below.
  bool visit(const Expr& expr) {
    if (expr.type() != ValueType::kVector && expr.type() != ValueType::kMatrix) return false;
    if (const auto* selector = as_if<VectorSelector>(&expr)) {
      found(*selector);
      return true;
    }
    if (const auto* matrix = as_if<MatrixSelector>(&expr)) {
      found(*matrix->selector);
      return true;
    }
    const auto* subquery = as_if<SubqueryExpr>(&expr);
    if (subquery != nullptr) enclosing_.push_back(subquery);
    bool any = false;
    const auto* call = as_if<Call>(&expr);
    bool is_info = call != nullptr && (call->function->flags & kNeedsLookback) != 0;
    for (const Expr* child : children(expr)) {
      any |= visit(*child);
      if (is_info) break;  // Its second argument is not evaluated.
    }
    if (subquery != nullptr) enclosing_.pop_back();
    // What selects nothing is of the evaluation time itself.
    if (!any) uniform_ = false;
    return any;
  }

  std::unique_ptr<TimeShift> result() const {
    if (!first_ || !uniform_) return nullptr;
    auto out = std::make_unique<TimeShift>();
    out->at_ms = first_->at_ms;
    out->offset_ms = first_->offset_ms;
    return out;
  }

 private:
  void found(const VectorSelector& selector) {
    Reference reference{selector.shift.at_ms, selector.shift.offset_ms};
    // Offsets of the subqueries around add up until `@` makes what is further out irrelevant.
    for (auto at = enclosing_.rbegin(); !reference.at_ms && at != enclosing_.rend(); ++at) {
      reference.offset_ms += (*at)->shift.offset_ms;
      reference.at_ms = (*at)->shift.at_ms;
    }
    if (!first_) {
      first_ = reference;
    } else if (!first_->same_time(reference)) {
      uniform_ = false;
    }
  }

  std::vector<const SubqueryExpr*> enclosing_;
  std::optional<Reference> first_;
  bool uniform_ = true;
};

void resolve(TimeShift& shift, int64_t start_ms, int64_t end_ms) {
  if (shift.at_bound == AtBound::kStart) shift.at_ms = start_ms;
  if (shift.at_bound == AtBound::kEnd) shift.at_ms = end_ms;
  shift.at_bound = AtBound::kNone;
}

}  // namespace

std::unique_ptr<TimeShift> info_reference(const Expr& expr) {
  Search search;
  search.visit(expr);
  return search.result();
}

void resolve_at_bounds(Expr& expr, int64_t start_ms, int64_t end_ms) {
  if (auto* selector = as_if<VectorSelector>(&expr)) resolve(selector->shift, start_ms, end_ms);
  if (auto* subquery = as_if<SubqueryExpr>(&expr)) resolve(subquery->shift, start_ms, end_ms);
  for (Expr* child : children(expr)) resolve_at_bounds(*child, start_ms, end_ms);
}

}  // namespace nightlight::promql
