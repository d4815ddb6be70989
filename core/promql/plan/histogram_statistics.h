// Selectors of whose histograms only count and sum are wanted. Prometheus reads those without buckets, by way of an
// iterator that tells resets from neighbouring samples; the hints that it makes show in annotations.
#ifndef NIGHTLIGHT_PROMQL_PLAN_HISTOGRAM_STATISTICS_H_
#define NIGHTLIGHT_PROMQL_PLAN_HISTOGRAM_STATISTICS_H_

#include <unordered_set>

#include "promql/ast.h"

namespace nightlight::promql {

std::unordered_set<const VectorSelector*> statistics_only_selectors(const Expr& expr);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_PLAN_HISTOGRAM_STATISTICS_H_
