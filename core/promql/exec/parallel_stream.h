// A vector of many series, computed by several threads where that takes less time.
//
// The series are divided into parts of consecutive ones. The consumer's thread computes the first; when they tell that
// the others take longer than it takes to wake threads, any thread computes any part. The stream yields them in order:
// what is made of the columns, sums of them for instance, has the same bits as with one thread, and so have errors,
// annotations and statistics.
#ifndef NIGHTLIGHT_PROMQL_EXEC_PARALLEL_STREAM_H_
#define NIGHTLIGHT_PROMQL_EXEC_PARALLEL_STREAM_H_

#include <memory>

#include "promql/exec/domain.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// A vector that can be computed in parts.
class Divisible {
 public:
  virtual ~Divisible() = default;
  // How many series there are to begin with; some may have no value anywhere.
  virtual uint64_t size() const = 0;
  virtual bool distinct_without_name() const = 0;
  // [any] A stream that move_to has to be called on, for one part of the series after the other: charged and counted to
  // the part's own account, its columns kept as long as what is in the state's arena (not kUntilNext). This object
  // outlives it.
  virtual Result<VectorStreamPtr> part(QueryState& state, Domain& domain, Keep keep) const = 0;
};

bool is_worth_dividing(const QueryState& state, uint64_t series);

VectorStreamPtr divide(QueryState& state, Domain& domain, std::unique_ptr<const Divisible> whole, Keep keep);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_PARALLEL_STREAM_H_
