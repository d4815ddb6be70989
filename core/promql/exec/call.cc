#include "promql/exec/call.h"

#include <algorithm>

#include "promql/exec/call_site.h"
#include "promql/exec/dropped_name.h"
#include "promql/exec/instant_selector.h"
#include "promql/exec/merge_equal.h"
#include "promql/exec/parallel_stream.h"

namespace nightlight::promql {
namespace {

// The result of a kWindow or kColumn function, one series at a time.
class SeriesCall : public VectorStream {
 public:
  SeriesCall(QueryState& state, Domain& domain, std::unique_ptr<CallSite> site, Keep keep)
      : state_(state), domain_(domain), site_(std::move(site)), renamed_(state), room_(state, domain, keep) {
    site_->allocate_from(room_.arena());
  }

 protected:
  ColumnFill fresh(View<LabelPair> labels, uint32_t flags, bool with_histograms) {
    ColumnFill fill;
    if (site_->has(kKeepsName)) {
      fill = room_.fresh(labels, flags, with_histograms);
    } else {
      renamed_.apply(labels, flags);
      fill = room_.fresh(renamed_.labels, renamed_.flags, with_histograms);
    }
    if (fill && !site_->has(kSetsValues)) std::fill_n(fill.values, domain_.steps(), 0.0);
    return fill;
  }
  ColumnOut out_of(const ColumnFill& fill) const {
    return ColumnOut{sizeof(ColumnOut), static_cast<uint32_t>(domain_.steps()), fill.values, fill.valid,
                     fill.histograms};
  }

  QueryState& state_;
  Domain& domain_;
  const std::unique_ptr<CallSite> site_;
  DroppedName renamed_;
  ColumnRoom room_;
};

class WindowCall final : public SeriesCall {
 public:
  WindowCall(QueryState& state, Domain& domain, std::unique_ptr<CallSite> site, WindowStreamPtr windows, Keep keep)
      : SeriesCall(state, domain, std::move(site), keep), windows_(std::move(windows)) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(series, windows_->next());
      if (series == nullptr) return nullptr;
      ColumnFill fill = fresh(series->windows.labels, series->flags, series->windows.histogram_begin != nullptr);
      if (!fill) return state_.out_of_memory();
      ColumnOut out = out_of(fill);
      if (Status status = site_->function().window(site_->call(), &series->windows, &out); !status.ok())
        return state_.function_error(status);
      if (has_any(*fill.column, domain_)) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return windows_->distinct_without_name(); }
  Result<void> move_to(uint64_t first, uint64_t count) override { return windows_->move_to(first, count); }

 private:
  WindowStreamPtr windows_;
};

class ColumnCall final : public SeriesCall {
 public:
  ColumnCall(QueryState& state, Domain& domain, std::unique_ptr<CallSite> site, VectorStreamPtr columns, Keep keep)
      : SeriesCall(state, domain, std::move(site), keep), columns_(std::move(columns)) {}

  Result<const Column*> next() override {
    while (true) {
      NIGHTLIGHT_ASSIGN(column, columns_->next());
      if (column == nullptr) return nullptr;
      Column in = *column;
      if (!site_->has(kNeedsHistograms)) in.histograms = nullptr;
      ColumnFill fill = fresh(in.labels, in.flags, in.histograms != nullptr);
      if (!fill) return state_.out_of_memory();
      ColumnOut out = out_of(fill);
      if (Status status = site_->function().column(site_->call(), &in, &out); !status.ok())
        return state_.function_error(status);
      if (has_any(*fill.column, domain_)) return room_.finish(fill);
    }
  }

  bool distinct_without_name() const override { return columns_->distinct_without_name(); }

 private:
  VectorStreamPtr columns_;
};

// Collects what a kVector function answers.
class Columns final : public ColumnSink {
 public:
  Status add(const Column* column) noexcept override {
    columns.push_back(column);
    return kOkStatus;
  }
  std::vector<const Column*> columns;
};

// vector(time()): what calendar functions take when they are given nothing.
Result<VectorStreamPtr> evaluation_times(QueryState& state, Domain& domain) {
  ColumnRoom room(state, domain, Keep::kForQuery);
  ColumnFill fill = room.fresh({}, 0, false);
  if (!fill) return state.out_of_memory();
  for (uint64_t step = 0; step < domain.steps(); ++step)
    fill.set(step, static_cast<double>(domain.times_ms[step]) / 1000);
  return stream_of({fill.column}, true);
}

// "changes, delta, rate": the functions with a flag.
std::string names_with(const FunctionSources& functions, uint32_t flag) {
  std::vector<std::string_view> names;
  for (const auto& [spec, source] : functions) {
    if ((spec->flags & flag) != 0) names.push_back(view(spec->name));
  }
  std::sort(names.begin(), names.end());
  std::string out;
  for (std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

Result<void> check_mode(const Evaluator& evaluator, const Call& call) {
  const Expr* argument = series_argument(call);
  const auto* matrix = argument != nullptr ? as_if<MatrixSelector>(argument) : nullptr;
  if (matrix == nullptr || matrix->selector->mode == RangeMode::kPlain) return {};
  const bool anchored = matrix->selector->mode == RangeMode::kAnchored;
  const uint32_t needed = anchored ? kAllowsAnchored : kAllowsSmoothed;
  if ((call.function->flags & needed) != 0) return {};
  return Error{Code::kFailedPrecondition,
               std::string(anchored ? "anchored" : "smoothed") + " modifier can only be used with: " +
                   names_with(evaluator.functions(), needed) + " - not with " + std::string(view(call.function->name))};
}

// A WindowCall by parts.
class DivisibleCall final : public Divisible {
 public:
  DivisibleCall(std::unique_ptr<CallSite> site, WindowStreamPtr windows)
      : site_(std::move(site)), windows_(std::move(windows)) {}

  uint64_t size() const override { return windows_->divisible(); }
  bool distinct_without_name() const override { return windows_->distinct_without_name(); }
  Result<VectorStreamPtr> part(QueryState& state, Domain& domain, Keep keep) const override {
    NIGHTLIGHT_ASSIGN(site, site_->part(state, domain));
    NIGHTLIGHT_ASSIGN(windows, windows_->part(state, domain));
    return VectorStreamPtr(std::make_unique<WindowCall>(state, domain, std::move(site), std::move(windows), keep));
  }

 private:
  const std::unique_ptr<CallSite> site_;
  const WindowStreamPtr windows_;
};

Result<VectorStreamPtr> open_window_call(Evaluator& evaluator, Domain& domain, std::unique_ptr<CallSite> site,
                                         Keep keep) {
  QueryState& state = evaluator.state();
  NIGHTLIGHT_TRY(check_mode(evaluator, site->expr()));
  NIGHTLIGHT_ASSIGN(windows, evaluator.windows(*series_argument(site->expr()), domain, site->hints()));
  const bool drops = !site->has(kKeepsName);
  Keep kept = drops ? keep_for_merging(state, windows->distinct_without_name(), keep) : keep;
  VectorStreamPtr stream;
  if (is_worth_dividing(state, windows->divisible())) {
    stream = divide(state, domain, std::make_unique<DivisibleCall>(std::move(site), std::move(windows)), kept);
  } else {
    stream = std::make_unique<WindowCall>(state, domain, std::move(site), std::move(windows), kept);
  }
  if (!drops) return stream;
  return merge_nameless(state, domain, std::move(stream));
}

Result<VectorStreamPtr> open_column_input(Evaluator& evaluator, Domain& domain, const CallSite& site) {
  QueryState& state = evaluator.state();
  const Expr* argument = series_argument(site.expr());
  if (argument == nullptr) return evaluation_times(state, domain);
  const auto* selector = as_if<VectorSelector>(argument);
  if (selector != nullptr && site.has(kNeedsSampleTimestamps))
    return open_instant_selector(state, domain, *selector, site.hints(), true, Keep::kUntilNext);
  return evaluator.vector(*argument, domain, Keep::kUntilNext, site.hints());
}

Result<VectorStreamPtr> open_column_call(Evaluator& evaluator, Domain& domain, std::unique_ptr<CallSite> site,
                                         Keep keep) {
  QueryState& state = evaluator.state();
  NIGHTLIGHT_ASSIGN(columns, open_column_input(evaluator, domain, *site));
  const bool drops = !site->has(kKeepsName);
  Keep kept = drops ? keep_for_merging(state, columns->distinct_without_name(), keep) : keep;
  VectorStreamPtr stream = std::make_unique<ColumnCall>(state, domain, std::move(site), std::move(columns), kept);
  if (!drops) return stream;
  return merge_nameless(state, domain, std::move(stream));
}

Result<VectorStreamPtr> call_vector(Evaluator& evaluator, Domain& domain, std::unique_ptr<CallSite> site,
                                    const Call& expr) {
  QueryState& state = evaluator.state();
  if (site->has(kRangeInsensitive) && !domain.instant()) {
    state.notes.add(NoteKind::kWarning,
                    "sort is ineffective for range queries since results are always ordered by labels", expr.span);
  }
  Columns result;
  if (Status status = site->function().vector(site->call(), &result); !status.ok()) return state.function_error(status);
  auto empty = [&](const Column* column) { return !has_any(*column, domain); };
  std::erase_if(result.columns, empty);
  int64_t samples = 0;
  for (const Column* column : result.columns) samples += sample_count(*column, domain);
  NIGHTLIGHT_TRY(state.charge(samples));
  NIGHTLIGHT_ASSIGN(merged, merge_equal(state, domain, std::move(result.columns)));
  return stream_of(std::move(merged), false);
}

}  // namespace

Result<VectorStreamPtr> open_call(Evaluator& evaluator, Domain& domain, const Call& call, Keep keep) {
  // A function of whole vectors has its range vector read as it is prepared.
  if (call.function->shape == FunctionShape::kVector) NIGHTLIGHT_TRY(check_mode(evaluator, call));
  NIGHTLIGHT_ASSIGN(site, CallSite::prepare(evaluator, domain, call));
  switch (call.function->shape) {
    case FunctionShape::kWindow:
      return open_window_call(evaluator, domain, std::move(site), keep);
    case FunctionShape::kColumn:
      return open_column_call(evaluator, domain, std::move(site), keep);
    case FunctionShape::kVector:
      return call_vector(evaluator, domain, std::move(site), call);
    case FunctionShape::kScalar:
      break;
  }
  return Error{Code::kInternal, "a function of an unknown shape"};
}

Result<void> call_scalar(Evaluator& evaluator, Domain& domain, const Call& call, double* out) {
  NIGHTLIGHT_ASSIGN(site, CallSite::prepare(evaluator, domain, call));
  if (Status status = site->function().scalar(site->call(), out); !status.ok())
    return evaluator.state().function_error(status);
  return {};
}

}  // namespace nightlight::promql
