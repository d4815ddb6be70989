// A function of range vectors over many series, computed by several threads.
//
// The series are divided into parts of consecutive ones. Any thread computes any part, the stream yields them in order:
// what is made of the columns, sums of them for instance, has the same bits as with one thread, and so have errors,
// annotations and statistics.
#ifndef NIGHTLIGHT_PROMQL_EXEC_PARALLEL_CALL_H_
#define NIGHTLIGHT_PROMQL_EXEC_PARALLEL_CALL_H_

#include <memory>

#include "promql/exec/call_site.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

bool is_worth_dividing(const QueryState& state, const WindowStream& windows);

// Opens the call of one part.
using OpenCall = VectorStreamPtr (*)(QueryState& state, Domain& domain, std::unique_ptr<CallSite> site,
                                     WindowStreamPtr windows, Keep keep);

VectorStreamPtr divide_call(QueryState& state, Domain& domain, std::unique_ptr<CallSite> site, WindowStreamPtr windows,
                            Keep keep, OpenCall open);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_PARALLEL_CALL_H_
