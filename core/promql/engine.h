// The PromQL engine: text in, series out. One engine reads from one storage, with the functions of its libraries.
#ifndef NIGHTLIGHT_PROMQL_ENGINE_H_
#define NIGHTLIGHT_PROMQL_ENGINE_H_

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "nightlight/engine.h"
#include "nightlight/sugar.h"
#include "promql/cache/result_cache.h"
#include "promql/exec/evaluator.h"
#include "promql/parser.h"
#include "promql/query_result.h"
#include "promql/running_queries.h"

namespace nightlight::promql {

struct EngineOptions {
  QueryOptions query;
  ParserOptions parser;
  int64_t timeout_ms = 120'000;
  uint64_t max_query_memory_bytes = uint64_t{1} << 30;
  uint64_t result_cache_bytes = 0;  // 0: answers are not kept.
  int64_t slow_query_ms = 0;        // Longer ones are logged; 0: none is.
};

struct EngineMetrics {
  MetricCells queries{}, failed{}, samples{}, series{};
  MetricCells cached_whole{}, cached_part{}, cached_none{};  // Range queries that the result cache was asked about.
  HistogramCells seconds;
};

class PromqlEngine final : public Engine {
 public:
  PromqlEngine(Host* host, Storage* storage, const std::vector<FunctionLibrary*>& libraries,
               const EngineOptions& options, uint64_t max_concurrent_queries, EngineMetrics metrics);

  Status query(const Query* query, QueryResult** out) noexcept override;
  Status parse_selector(Str text, SelectorSink* out) noexcept override;
  Status selectors(Str query, SelectorSink* out) noexcept override;
  Status format(Str query, TextSink* out) noexcept override;
  Status parse_json(Str query, TextSink* out) noexcept override;
  Status explain_json(const Query* query, uint32_t analyze, TextSink* out) noexcept override;
  Status running_json(TextSink* out) noexcept override;
  Status cancel(uint64_t id) noexcept override;
  View<const FunctionSpec*> functions() noexcept override { return view_of(specs_); }

  // Options that may change while queries run; those that run keep theirs.
  void set_options(const EngineOptions& options, uint64_t max_concurrent_queries);
  RunningQueries& running() { return running_; }
  const ResultCache& result_cache() const { return result_cache_; }

 private:
  struct Prepared;

  std::shared_ptr<const EngineOptions> options() const;
  Status fail(const Error& error) { return host_->fail(error.code, str(error.message)); }
  Result<ExprPtr> parse(Str text) const;
  Result<Prepared> prepare(const Query& query);
  Result<std::unique_ptr<EvaluatedResult>> run(const Query& query);
  Result<Answer> evaluate(Prepared& prepared, Domain& domain);
  // The same over the whole domain, with the help of the result cache where it is allowed.
  Result<Answer> answer(Prepared& prepared, const Query& query);
  void finish(const Prepared& prepared, const Query& query);

  Host* const host_;
  Storage* const storage_;
  FunctionTable table_;
  FunctionSources sources_;
  std::vector<const FunctionSpec*> specs_;
  mutable Mutex options_mutex_;
  std::shared_ptr<const EngineOptions> options_ GUARDED_BY(options_mutex_);
  RunningQueries running_;
  ResultCache result_cache_;
  EngineMetrics metrics_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_ENGINE_H_
