// Range vector selectors: the samples of each series with the windows of all steps.
#ifndef NIGHTLIGHT_PROMQL_EXEC_RANGE_SELECTOR_H_
#define NIGHTLIGHT_PROMQL_EXEC_RANGE_SELECTOR_H_

#include "promql/ast.h"
#include "promql/exec/domain.h"
#include "promql/exec/selection.h"
#include "promql/exec/stream.h"
#include "promql/exec/window_bounds.h"

namespace nightlight::promql {

Result<WindowStreamPtr> open_windows(QueryState& state, Domain& domain, const VectorSelector& selector,
                                     WindowShape shape, SelectionHints hints);

inline Result<WindowStreamPtr> open_range_selector(QueryState& state, Domain& domain, const MatrixSelector& matrix,
                                                   const SelectionHints& hints) {
  const VectorSelector& selector = *matrix.selector;
  return open_windows(state, domain, selector,
                      window_shape(selector.mode, matrix.range_ms, state.options.lookback_ms,
                                   reference_times(state, domain, selector.shift)),
                      hints);
}

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_RANGE_SELECTOR_H_
