// Whose range queries may be put together from answers to parts of the range.
#ifndef NIGHTLIGHT_PROMQL_CACHE_STEPWISE_H_
#define NIGHTLIGHT_PROMQL_CACHE_STEPWISE_H_

#include "promql/ast.h"

namespace nightlight::promql {

// True when the answer at each step depends on nothing but samples at or before that step, and when answers to two
// parts of a range, joined by labels, are the answer to the whole. That excludes
//   * what looks elsewhere than back from the step: `@`, negative offsets, `smoothed` and `anchored`, start(), end(),
//     range(), and lengths computed of the query's range;
//   * what is refused when series that appear at different steps come to have the same labels: a name dropped from a
//     vector of several names, label_replace, label_join, info.
// Cautious: false for some for which it would hold. With delayed name removal the names of the whole answer go last.
bool is_stepwise(const Expr& expr, bool delayed_name_removal);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_CACHE_STEPWISE_H_
