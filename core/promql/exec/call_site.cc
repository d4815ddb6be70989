#include "promql/exec/call_site.h"

#include "promql/exec/column_room.h"
#include "promql/exec/merge_equal.h"
#include "promql/plan/info_reference.h"

namespace nightlight::promql {
namespace {

std::vector<Span> spans_of(const std::vector<ExprPtr>& expressions) {
  std::vector<Span> out;
  for (const ExprPtr& expr : expressions) {
    Span span = without_parens(*expr).span;
    // Prometheus evaluates a subquery before the call, and what stands in for it then has no place in the query.
    if (without_parens(*expr).kind == ExprKind::kSubquery) span.start = 0;
    out.push_back(span);
  }
  return out;
}

bool is_series(ValueType type) { return type == ValueType::kVector || type == ValueType::kMatrix; }

// Whether the function takes this argument one series at a time.
bool is_streamed(const FunctionSpec& spec, ValueType type) {
  if (spec.shape == FunctionShape::kWindow) return type == ValueType::kMatrix;
  return spec.shape == FunctionShape::kColumn && type == ValueType::kVector;
}

}  // namespace

const Expr* series_argument(const Call& call) {
  for (const ExprPtr& argument : call.arguments) {
    if (is_series(argument->type())) return &without_parens(*argument);
  }
  return nullptr;
}

CallSite::CallSite(Evaluator& evaluator, Domain& domain, const Call& expr, std::vector<Span> arguments)
    : expr_(expr), state_(evaluator.state()), domain_(domain), notes_(state_.notes, expr.span, std::move(arguments)) {
  evaluation_.struct_size = sizeof evaluation_;
  const QueryOptions& options = state_.options;
  if (options.use_start_timestamps) evaluation_.flags |= kUseStartTimestamps;
  if (options.delayed_name_removal) evaluation_.flags |= kDelayedNameRemoval;
  if (options.type_and_unit_labels) evaluation_.flags |= kTypeAndUnitLabels;
  if (state_.step_ms > 0) evaluation_.flags |= kRangeQuery;
  evaluation_.context = &state_.context;
  evaluation_.times_ms = view_of(domain.times_ms);
  evaluation_.query_start_ms = state_.start_ms;
  evaluation_.query_end_ms = state_.end_ms;
  // A range of one instant has no step, as Prometheus sees it.
  evaluation_.query_step_ms = state_.start_ms == state_.end_ms ? 0 : state_.step_ms;
  evaluation_.lookback_ms = options.lookback_ms;
  evaluation_.storage = state_.storage;
  evaluation_.arena = &state_.arena;
  evaluation_.annotations = &notes_;
}

Result<std::unique_ptr<CallSite>> CallSite::prepare(Evaluator& evaluator, Domain& domain, const Call& expr) {
  std::unique_ptr<CallSite> site(new CallSite(evaluator, domain, expr, spans_of(expr.arguments)));
  auto source = evaluator.functions().find(expr.function);
  if (source == evaluator.functions().end()) return Error{Code::kInternal, "a function without a library"};
  Function* function = nullptr;
  if (Status status = source->second.library->prepare(expr.function->name, &function); !status.ok())
    return evaluator.state().function_error(status);
  site->library_ = source->second.library;
  site->function_.reset(function);
  site->lay_out_arguments();
  NIGHTLIGHT_TRY(site->check_strings());
  const Expr* streamed = nullptr;
  for (size_t i = 0; i < expr.arguments.size(); ++i) {
    const ExprPtr& argument = expr.arguments[i];
    Argument& out = site->arguments_[i];
    if (streamed == nullptr && is_streamed(*expr.function, out.type)) {
      streamed = &without_parens(*argument);
      site->set_selector(*argument, out);
      continue;
    }
    if (Result<void> prepared = site->prepare_argument(evaluator, domain, *argument, out); !prepared.ok()) {
      Error error = std::move(prepared).error();
      const bool evaluated_before = streamed != nullptr && streamed->type() == ValueType::kVector;
      return evaluated_before ? evaluator.leftmost_error(*streamed, domain, std::move(error)) : error;
    }
  }
  return site;
}

// The call as the function sees it, with strings, but nothing evaluated.
void CallSite::lay_out_arguments() {
  auto add = [&](ValueType type) -> Argument& {
    Argument& out = arguments_.emplace_back();
    out.struct_size = sizeof out;
    out.type = type;
    return out;
  };
  for (const ExprPtr& argument : expr_.arguments) {
    Argument& out = add(argument->type());
    if (const auto* literal = as_if<StringLiteral>(&without_parens(*argument))) out.string = str(literal->value);
  }
  if (expr_.arguments.empty() && spec().shape == FunctionShape::kColumn) add(ValueType::kVector);  // vector(time())
  for (const Argument& argument : arguments_) argument_pointers_.push_back(&argument);
  call_.struct_size = sizeof call_;
  call_.argument_count = static_cast<uint32_t>(expr_.arguments.size());
  call_.evaluation = &evaluation_;
  call_.arguments = view_of(argument_pointers_);
}

Result<void> CallSite::check_strings() {
  struct Nothing final : ColumnSink {
    Status add(const Column*) noexcept override { return kOkStatus; }
  } nothing;
  if (!has(kStringsFirst)) return {};
  if (Status status = function_->vector(&call_, &nothing); !status.ok()) return state_.function_error(status);
  return {};
}

CallSite::CallSite(const CallSite& whole, QueryState& state, Domain& domain)
    : expr_(whole.expr_),
      state_(state),
      domain_(domain),
      notes_(whole.notes_.to(state.notes)),
      evaluation_(whole.evaluation_),
      library_(whole.library_),
      argument_pointers_(whole.argument_pointers_),
      call_(whole.call_) {
  evaluation_.context = &state.context;
  evaluation_.times_ms = view_of(domain.times_ms);
  evaluation_.arena = &state.arena;
  evaluation_.annotations = &notes_;
  call_.evaluation = &evaluation_;
  call_.arguments = view_of(argument_pointers_);
}

Result<std::unique_ptr<CallSite>> CallSite::part(QueryState& state, Domain& domain) const {
  std::unique_ptr<CallSite> site(new CallSite(*this, state, domain));
  Function* function = nullptr;
  if (Status status = library_->prepare(spec().name, &function); !status.ok()) return state.function_error(status);
  site->function_.reset(function);
  return site;
}

Result<void> CallSite::prepare_argument(Evaluator& evaluator, Domain& domain, const Expr& expr, Argument& out) {
  const Expr& bare = without_parens(expr);
  switch (out.type) {
    case ValueType::kScalar: {
      NIGHTLIGHT_ASSIGN(values, evaluator.scalar(bare, domain));
      out.scalar = values;
      return {};
    }
    case ValueType::kString:
      return {};
    case ValueType::kMatrix:
      set_selector(bare, out);
      return prepare_presence(evaluator, domain, bare, out);
    case ValueType::kVector: {
      set_selector(bare, out);
      const bool first_series = vectors_.empty();
      if (has(kNeedsLookback) && !first_series) return {};  // The second argument of info() is not evaluated.
      NIGHTLIGHT_ASSIGN(stream, evaluator.vector(bare, domain, Keep::kForQuery, hints()));
      NIGHTLIGHT_ASSIGN(columns, collect(*stream));
      out.vector = view_of(vectors_.emplace_back(std::move(columns)));
      if (!has(kNeedsLookback)) return {};
      if (auto shift = info_reference(bare)) {
        reference_ms_ = reference_times(state_, domain, *shift);
        out.reference_ms = reference_ms_.data();
      }
      return {};
    }
  }
  return {};
}

// A range vector in a function of whole vectors: 1 where a series has a sample in its window.
Result<void> CallSite::prepare_presence(Evaluator& evaluator, Domain& domain, const Expr& expr, Argument& out) {
  NIGHTLIGHT_ASSIGN(windows, evaluator.windows(expr, domain, hints()));
  std::vector<const Column*>& columns = vectors_.emplace_back();
  ColumnRoom room(state_, domain, Keep::kForQuery);
  while (true) {
    NIGHTLIGHT_ASSIGN(series, windows->next());
    if (series == nullptr) break;
    const Windows& w = series->windows;
    ColumnFill fill = room.fresh(w.labels, series->flags, false);
    if (!fill) return state_.out_of_memory();
    for (uint64_t step = 0; step < domain.steps(); ++step) {
      bool any = w.begin[step] < w.end[step];
      any |= w.histogram_begin != nullptr && w.histogram_begin[step] < w.histogram_end[step];
      if (any) fill.set(step, 1);
    }
    NIGHTLIGHT_ASSIGN(column, room.finish(fill));
    columns.push_back(column);
  }
  out.vector = view_of(columns);
  return {};
}

void CallSite::set_selector(const Expr& expr, Argument& out) {
  const Expr& bare = without_parens(expr);
  const auto* selector = as_if<VectorSelector>(&bare);
  if (const auto* matrix = as_if<MatrixSelector>(&bare)) selector = matrix->selector.get();
  if (selector == nullptr) return;
  std::vector<Matcher>& matchers = matchers_.emplace_back();
  std::vector<const Matcher*>& pointers = matcher_pointers_.emplace_back();
  for (const LabelMatcher& m : selector->matchers)
    matchers.push_back(Matcher{sizeof(Matcher), m.op, str(m.name), str(m.value)});
  for (const Matcher& m : matchers) pointers.push_back(&m);
  out.selector = view_of(pointers);
}

SelectionHints CallSite::hints() const {
  SelectionHints hints;
  hints.function = view(expr_.function->name);
  hints.step_ms = domain_.interval_ms;
  return hints;
}

}  // namespace nightlight::promql
