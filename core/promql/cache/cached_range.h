// A range query that takes from the result cache what is still true, and leaves there what it has found.
#ifndef NIGHTLIGHT_PROMQL_CACHE_CACHED_RANGE_H_
#define NIGHTLIGHT_PROMQL_CACHE_CACHED_RANGE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "promql/cache/result_cache.h"
#include "promql/exec/domain.h"
#include "promql/query_result.h"

namespace nightlight::promql {

class CachedRange {
 public:
  // For a stepwise vector expression, the text of `state`. `state` and `domain` outlive the object.
  CachedRange(ResultCache& cache, QueryState& state, Domain& domain);

  // The steps that must be evaluated: all, the last ones, or null: none.
  Domain* rest() { return prefix_ == 0 ? &domain_ : rest_ ? &*rest_ : nullptr; }
  bool found() const { return prefix_ > 0; }
  // The answer to the whole range, given that to rest(), with columns sorted by labels.
  Result<Answer> complete(Answer rest);

 private:
  // Steps, from the first on, that the kept answer has and that are still true.
  uint64_t true_steps() const;
  // The column of the whole range: of a kept series (or null) and of one of the rest (or null). Null: no sample.
  Result<const Column*> join(const CachedAnswer::Series* kept, const Column* rest);
  void keep(const Answer& answer);

  ResultCache& cache_;
  QueryState& state_;
  Domain& domain_;
  const std::string key_;
  const uint64_t generation_;
  const std::shared_ptr<const CachedAnswer> kept_;
  uint64_t prefix_ = 0;
  std::optional<Domain> rest_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_CACHE_CACHED_RANGE_H_
