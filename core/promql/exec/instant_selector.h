// Instant vector selectors: at each step the newest sample within the lookback, or with `smoothed` a value between the
// neighbours.
#ifndef NIGHTLIGHT_PROMQL_EXEC_INSTANT_SELECTOR_H_
#define NIGHTLIGHT_PROMQL_EXEC_INSTANT_SELECTOR_H_

#include "promql/ast.h"
#include "promql/exec/domain.h"
#include "promql/exec/selection.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

// `with_times`: columns tell when each value was sampled (and since when its counter counts).
Result<VectorStreamPtr> open_instant_selector(QueryState& state, Domain& domain, const VectorSelector& selector,
                                              const SelectionHints& hints, bool with_times, Keep keep);
// The selector's mode is kSmoothed.
Result<VectorStreamPtr> open_smoothed_selector(QueryState& state, Domain& domain, const VectorSelector& selector,
                                               const SelectionHints& hints, Keep keep);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_INSTANT_SELECTOR_H_
