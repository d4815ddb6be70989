// One call in a query: the function, and its arguments as the function sees them.
#ifndef NIGHTLIGHT_PROMQL_EXEC_CALL_SITE_H_
#define NIGHTLIGHT_PROMQL_EXEC_CALL_SITE_H_

#include <deque>
#include <memory>

#include "promql/exec/evaluator.h"
#include "promql/exec/notes.h"

namespace nightlight::promql {

// The first vector among the arguments, without parentheses; null when there is none.
const Expr* series_argument(const Call& call);

class CallSite {
 public:
  // Evaluates the arguments, except the one that a kWindow or kColumn function is given series by series.
  static Result<std::unique_ptr<CallSite>> prepare(Evaluator& evaluator, Domain& domain, const Call& expr);

  // [any] The same call with the same arguments, for a part of the series; this one outlives it.
  Result<std::unique_ptr<CallSite>> part(QueryState& state, Domain& domain) const;

  Function& function() { return *function_; }
  const Call& expr() const { return expr_; }
  const FunctionSpec& spec() const { return *expr_.function; }
  const nightlight::Call* call() const { return &call_; }
  bool has(uint32_t flag) const { return (spec().flags & flag) != 0; }
  SelectionHints hints() const;
  // What belongs to results is allocated there.
  void allocate_from(Arena& arena) { evaluation_.arena = &arena; }

 private:
  CallSite(Evaluator& evaluator, Domain& domain, const Call& expr, std::vector<Span> arguments);
  CallSite(const CallSite& whole, QueryState& state, Domain& domain);
  void lay_out_arguments();
  Result<void> check_strings();
  Result<void> prepare_argument(Evaluator& evaluator, Domain& domain, const Expr& expr, Argument& out);
  Result<void> prepare_presence(Evaluator& evaluator, Domain& domain, const Expr& expr, Argument& out);
  void set_selector(const Expr& expr, Argument& out);

  const Call& expr_;
  QueryState& state_;
  Domain& domain_;
  CallNotes notes_;
  Evaluation evaluation_{};
  FunctionLibrary* library_ = nullptr;
  Owned<Function> function_;
  std::deque<Argument> arguments_;
  std::vector<const Argument*> argument_pointers_;
  std::deque<std::vector<const Column*>> vectors_;
  std::deque<std::vector<Matcher>> matchers_;
  std::deque<std::vector<const Matcher*>> matcher_pointers_;
  std::vector<int64_t> reference_ms_;
  nightlight::Call call_{};
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_CALL_SITE_H_
