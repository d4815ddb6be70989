#include "promql/engine.h"

#include <algorithm>

#include "promql/ast_json.h"
#include "promql/cache/cached_range.h"
#include "promql/cache/stepwise.h"
#include "promql/duration_expr.h"
#include "promql/exec/answer.h"
#include "promql/explain.h"
#include "promql/plan/info_reference.h"
#include "promql/printer.h"

namespace nightlight::promql {
namespace {

double seconds(int64_t duration_ns) { return static_cast<double>(duration_ns) / 1e9; }

std::string_view documented_type(ValueType type) {
  static constexpr std::string_view kNames[] = {"scalar", "instant vector", "range vector", "string"};
  return kNames[static_cast<size_t>(type)];
}

Status send_matchers(const std::vector<LabelMatcher>& matchers, SelectorSink* out) {
  std::vector<Matcher> plain;
  std::vector<const Matcher*> pointers;
  for (const LabelMatcher& m : matchers) plain.push_back(Matcher{sizeof(Matcher), m.op, str(m.name), str(m.value)});
  for (const Matcher& m : plain) pointers.push_back(&m);
  return out->add(view_of(pointers));
}

}  // namespace

// A query on its way: everything that its evaluation refers to, in the order in which it may be destroyed.
struct PromqlEngine::Prepared {
  std::shared_ptr<const EngineOptions> options;
  std::unique_ptr<RunningQueries::Entry> entry;
  ExprPtr expr;
  std::unique_ptr<QueryState> state;
  std::unique_ptr<Domain> domain;
  std::unique_ptr<Profile> profile;  // Null: nobody wants to know.
  bool range = false;
  int64_t prepared_ns = 0, turn_ns = 0, done_ns = 0;  // On the monotonic clock.
};

PromqlEngine::PromqlEngine(Host* host, Storage* storage, const std::vector<FunctionLibrary*>& libraries,
                           const EngineOptions& options, uint64_t max_concurrent_queries, EngineMetrics metrics)
    : host_(host),
      storage_(storage),
      options_(std::make_shared<EngineOptions>(options)),
      running_(host, max_concurrent_queries),
      result_cache_(options.result_cache_bytes),
      metrics_(std::move(metrics)) {
  for (FunctionLibrary* library : libraries) {
    table_.add(library->functions());
    for (const FunctionSpec* spec : library->functions()) {
      if (table_.find(view(spec->name)) != spec) continue;  // An earlier library has it.
      sources_[spec] = {spec, library};
      specs_.push_back(spec);
    }
  }
  std::sort(specs_.begin(), specs_.end(),
            [](const FunctionSpec* a, const FunctionSpec* b) { return view(a->name) < view(b->name); });
}

std::shared_ptr<const EngineOptions> PromqlEngine::options() const {
  MutexLock lock(options_mutex_);
  return options_;
}

void PromqlEngine::set_options(const EngineOptions& options, uint64_t max_concurrent_queries) {
  MutexLock lock(options_mutex_);
  options_ = std::make_shared<EngineOptions>(options);
  running_.set_most(max_concurrent_queries);
  result_cache_.set_capacity(options.result_cache_bytes);
}

Result<ExprPtr> PromqlEngine::parse(Str text) const { return parse_expression(view(text), table_, options()->parser); }

// ---- evaluation
// -------------------------------------------------------------------------------------------------------------

Result<PromqlEngine::Prepared> PromqlEngine::prepare(const Query& query) {
  Prepared out;
  out.options = options();
  out.range = (query.flags & kRange) != 0;
  out.entry = running_.add(std::string(view(query.text)), std::string(view(query.client)), query.context->cancelled);
  NIGHTLIGHT_ASSIGN(expr, parse_expression(out.entry->text, table_, out.options->parser));
  ValueType type = expr->type();
  if (out.range && type != ValueType::kScalar && type != ValueType::kVector) {
    return Error{Code::kInvalidArgument, "invalid expression type \"" + std::string(documented_type(type)) +
                                             "\" for range query, must be Scalar or instant Vector"};
  }
  DurationScope scope;
  if (out.range) scope = {query.step_ms, query.end_ms - query.start_ms};
  NIGHTLIGHT_TRY(resolve_durations(*expr, scope));
  resolve_at_bounds(*expr, query.start_ms, query.end_ms);
  out.expr = std::move(expr);

  QueryOptions options = out.options->query;
  if (query.lookback_ms > 0) options.lookback_ms = query.lookback_ms;
  if ((query.flags & kStartTimestampsOn) != 0) options.use_start_timestamps = true;
  if ((query.flags & kStartTimestampsOff) != 0) options.use_start_timestamps = false;
  CallContext context = *query.context;
  context.cancelled = &out.entry->cancelled();
  int64_t timeout_ns = 0;
  if (!__builtin_mul_overflow(out.options->timeout_ms, int64_t{1'000'000}, &timeout_ns))
    context.deadline_ns = std::min(context.deadline_ns, saturating_add(out.entry->start_ns, timeout_ns));
  context.byte_budget = std::min(context.byte_budget, out.options->max_query_memory_bytes);
  const int64_t end_ms = out.range ? query.end_ms : query.start_ms;
  out.state = std::make_unique<QueryState>(host_, storage_, context, options, out.entry->text, query.start_ms, end_ms,
                                           out.range ? query.step_ms : 0);
  out.state->caller_cancelled = query.context->cancelled;
  if ((query.flags & kTrace) != 0) out.profile = std::make_unique<Profile>();
  if (out.range && query.step_ms > 0 && saturating_sub(end_ms, query.start_ms) / query.step_ms >= options.max_samples)
    return QueryState::too_many_samples();
  out.domain = std::make_unique<Domain>(query.start_ms, end_ms, out.range ? query.step_ms : 0);
  out.prepared_ns = host_->monotonic_ns();
  return out;
}

Result<Answer> PromqlEngine::evaluate(Prepared& prepared, Domain& domain) {
  NIGHTLIGHT_TRY(prepared.entry->wait_for_turn(prepared.state->context.deadline_ns));
  prepared.turn_ns = host_->monotonic_ns();
  Evaluator evaluator(*prepared.state, sources_, *prepared.expr, prepared.profile.get());
  Result<Answer> answer = evaluate_answer(evaluator, *prepared.expr, domain, prepared.range);
  prepared.done_ns = host_->monotonic_ns();
  prepared.entry->give_turn_back();
  return answer;
}

Result<Answer> PromqlEngine::answer(Prepared& prepared, const Query& query) {
  const QueryOptions& options = prepared.state->options;
  const bool may_keep = prepared.range && query.step_ms > 0 && (query.flags & (kNoCache | kStats | kTrace)) == 0 &&
                        result_cache_.on() && prepared.expr->type() == ValueType::kVector &&
                        is_stepwise(*prepared.expr, options.delayed_name_removal);
  if (!may_keep) return evaluate(prepared, *prepared.domain);
  CachedRange cached(result_cache_, *prepared.state, *prepared.domain);
  Answer rest;
  if (Domain* domain = cached.rest()) {
    NIGHTLIGHT_ASSIGN(evaluated, evaluate(prepared, *domain));
    rest = std::move(evaluated);
  } else {
    prepared.turn_ns = prepared.done_ns = host_->monotonic_ns();
  }
  bump((!cached.found() ? metrics_.cached_none : cached.rest() ? metrics_.cached_part : metrics_.cached_whole).count);
  return cached.complete(std::move(rest));
}

Result<std::unique_ptr<EvaluatedResult>> PromqlEngine::run(const Query& query) {
  NIGHTLIGHT_ASSIGN(prepared, prepare(query));
  NIGHTLIGHT_ASSIGN(answer, this->answer(prepared, query));
  const uint64_t series = answer.columns.size() + answer.series.size();
  if (query.limit > 0 && series > query.limit && answer.type != ValueType::kScalar) {
    if (answer.columns.size() > query.limit) answer.columns.resize(query.limit);
    if (answer.series.size() > query.limit) answer.series.resize(query.limit);
    prepared.state->notes.add_foreign_warning("results truncated due to limit");
  }
  finish(prepared, query);
  const QueryState& state = *prepared.state;
  const Domain& domain = *prepared.domain;
  QueryStats stats{};
  stats.struct_size = sizeof stats;
  stats.eval_total_s = seconds(prepared.done_ns - prepared.turn_ns);
  stats.inner_eval_s = stats.eval_total_s;
  stats.preparation_s = seconds(prepared.prepared_ns - prepared.entry->start_ns);
  stats.queue_s = seconds(prepared.turn_ns - prepared.prepared_ns);
  stats.exec_total_s = seconds(prepared.done_ns - prepared.entry->start_ns);
  for (int64_t count : domain.queryable_samples) stats.total_queryable_samples += count;
  for (int64_t count : domain.read_samples) stats.samples_read += count;
  stats.series_touched = state.series_touched;
  stats.peak_samples = state.peak_samples;
  if ((query.flags & kStats) != 0) {
    stats.step_times_ms = view_of(domain.times_ms);
    stats.queryable_samples_per_step = view_of(domain.queryable_samples);
    stats.samples_read_per_step = view_of(domain.read_samples);
  }
  std::string trace = prepared.profile ? trace_of(*prepared.expr, *prepared.profile) : "";
  return std::make_unique<EvaluatedResult>(std::move(prepared.entry), std::move(prepared.state),
                                           std::move(prepared.domain), std::move(answer), stats, std::move(trace));
}

void PromqlEngine::finish(const Prepared& prepared, const Query& query) {
  const double elapsed_s = seconds(prepared.done_ns - prepared.entry->start_ns);
  metrics_.seconds.observe(elapsed_s);
  int64_t samples = 0;
  for (int64_t count : prepared.domain->read_samples) samples += count;
  bump(metrics_.samples.count, static_cast<uint64_t>(samples));
  bump(metrics_.series.count, static_cast<uint64_t>(prepared.state->series_touched));
  if (prepared.options->slow_query_ms == 0 || elapsed_s * 1000 < static_cast<double>(prepared.options->slow_query_ms))
    return;
  log(host_, LogLevel::kWarn, "slow query",
      {{"query", prepared.entry->text},
       {"client", prepared.entry->client},
       {"start_ms", std::to_string(query.start_ms)},
       {"end_ms", std::to_string(query.end_ms)},
       {"step_ms", std::to_string(query.step_ms)},
       {"seconds", std::to_string(elapsed_s)},
       {"series", std::to_string(prepared.state->series_touched)},
       {"samples", std::to_string(samples)}});
}

Status PromqlEngine::query(const Query* query, QueryResult** out) noexcept {
  return guard(host_, [&]() -> Status {
    bump(metrics_.queries.count);
    Result<std::unique_ptr<EvaluatedResult>> result = run(*query);
    if (!result.ok()) {
      bump(metrics_.failed.count);
      return fail(result.error());
    }
    *out = result->release();
    return kOkStatus;
  });
}

// ---- about queries
// ----------------------------------------------------------------------------------------------------------

Status PromqlEngine::parse_selector(Str text, SelectorSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    auto matchers = promql::parse_selector(view(text), options()->parser);
    return matchers.ok() ? send_matchers(*matchers, out) : fail(matchers.error());
  });
}

Status PromqlEngine::selectors(Str query, SelectorSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    auto expr = parse(query);
    if (!expr.ok()) return fail(expr.error());
    for (const auto* matchers : promql::selectors(**expr)) {
      if (Status status = send_matchers(*matchers, out); !status.ok()) return status;
    }
    return kOkStatus;
  });
}

Status PromqlEngine::format(Str query, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    auto expr = parse(query);
    if (!expr.ok()) return fail(expr.error());
    return out->write(str(print_pretty(**expr, {options()->parser.unquoted_utf8_names})));
  });
}

Status PromqlEngine::parse_json(Str query, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    auto expr = parse(query);
    return expr.ok() ? out->write(str(ast_json(**expr))) : fail(expr.error());
  });
}

Status PromqlEngine::explain_json(const Query* query, uint32_t analyze, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    Result<Prepared> prepared = prepare(*query);
    if (!prepared.ok()) return fail(prepared.error());
    if (analyze != 0) {
      prepared->profile = std::make_unique<Profile>();
      Result<Answer> answer = evaluate(*prepared, *prepared->domain);
      if (!answer.ok()) return fail(answer.error());
    }
    Result<std::string> plan =
        explain_plan(*prepared->state, *prepared->domain, *prepared->expr, prepared->profile.get());
    if (!plan.ok()) return fail(plan.error());
    std::string text = "{\"steps\":" + std::to_string(prepared->domain->steps()) + ",\"plan\":" + *plan;
    if (analyze != 0) text += ",\"peakBytes\":" + std::to_string(prepared->state->budget.peak_bytes());
    return out->write(str(text + "}"));
  });
}

Status PromqlEngine::running_json(TextSink* out) noexcept {
  return guard(host_, [&]() -> Status { return out->write(str(running_.json())); });
}

Status PromqlEngine::cancel(uint64_t id) noexcept {
  return guard(host_, [&]() -> Status {
    if (running_.cancel(id)) return kOkStatus;
    return host_->fail(Code::kNotFound, str("no running query has the id " + std::to_string(id)));
  });
}

}  // namespace nightlight::promql
