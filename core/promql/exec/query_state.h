// What the parts of one running query share: where it reads, what it may use, what it has to say.
#ifndef NIGHTLIGHT_PROMQL_EXEC_QUERY_STATE_H_
#define NIGHTLIGHT_PROMQL_EXEC_QUERY_STATE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "nightlight/engine.h"
#include "nightlight/sugar.h"
#include "promql/exec/arena.h"
#include "promql/exec/notes.h"

namespace nightlight::promql {

struct QueryOptions {
  int64_t lookback_ms = 300'000;
  int64_t subquery_step_ms = 60'000;  // Of subqueries that name none.
  int64_t max_samples = 50'000'000;
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;
  bool type_and_unit_labels = false;
  unsigned threads = 1;  // That may work for the query at once.

  // For a part of a query: the whole counts.
  QueryOptions without_limit() const {
    QueryOptions out = *this;
    out.max_samples = INT64_MAX;
    return out;
  }
};

struct QueryState {
  QueryState(Host* on_host, Storage* from, const CallContext& with, const QueryOptions& how, std::string_view text,
             int64_t from_ms, int64_t to_ms, int64_t by_ms)
      : host(on_host),
        storage(from),
        context(with),
        options(how),
        start_ms(from_ms),
        end_ms(to_ms),
        step_ms(by_ms),
        own_budget(std::make_unique<MemoryBudget>(with.byte_budget)),
        budget(*own_budget),
        arena(budget),
        notes(text) {}
  // Of a part of a query that is evaluated beside other parts: with an account of its own in everything but the budget,
  // to be added to the whole's when its turn comes. `whole` outlives it.
  explicit QueryState(QueryState& whole)
      : host(whole.host),
        storage(whole.storage),
        context(whole.context),
        caller_cancelled(whole.caller_cancelled),
        options(whole.options.without_limit()),
        start_ms(whole.start_ms),
        end_ms(whole.end_ms),
        step_ms(whole.step_ms),
        budget(whole.budget),
        arena(budget),
        notes(whole.notes.query()) {}
  QueryState(const QueryState&) = delete;
  QueryState& operator=(const QueryState&) = delete;

  // Whether the query may go on: kDeadlineExceeded or kCancelled when not.
  Result<void> check() const;
  // Charges samples that are held from now on (or, negative, no longer). kFailedPrecondition when there are too many.
  Result<void> charge(int64_t samples) {
    held_samples += samples;
    if (held_samples > peak_samples) peak_samples = held_samples;
    if (held_samples > options.max_samples) return too_many_samples();
    return {};
  }
  // The error for samples beyond max_samples, and for memory beyond the budget.
  static Error too_many_samples();
  Error out_of_memory() const;
  // What a failed call of a function or of the storage means for the query.
  Error function_error(Status status) const;
  Error storage_error(Status status) const;

  Host* const host;
  Storage* const storage;
  const CallContext context;  // Its `cancelled` is the engine's: whoever ends the query ends what it has called.
  const uint32_t* caller_cancelled = nullptr;  // Where the engine's looks now and then.
  const QueryOptions options;
  const int64_t start_ms, end_ms, step_ms;         // As the user asked; an instant query has start == end and step 0.
  const std::unique_ptr<MemoryBudget> own_budget;  // Null in a part.
  MemoryBudget& budget;
  BlockArena arena;  // Lives as long as the query's result.
  Notes notes;
  std::vector<Owned<SeriesSet>> selections;        // The labels' text lives in them.
  std::vector<std::shared_ptr<QueryState>> parts;  // Whose columns are kept for the query.

  int64_t held_samples = 0, peak_samples = 0;
  int64_t series_touched = 0;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_QUERY_STATE_H_
