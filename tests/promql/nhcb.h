// Classic histograms (series with `le`) -> native histograms with custom buckets, as Prometheus converts them.
#ifndef NIGHTLIGHT_TESTS_PROMQL_NHCB_H_
#define NIGHTLIGHT_TESTS_PROMQL_NHCB_H_

#include <map>

#include "base/result.h"
#include "promql/memory_storage.h"

namespace nightlight::test {

// The series `<name>_bucket`, `<name>_sum` and `<name>_count` among `classic` become the native series `<name>`.
Result<std::map<Labels, std::vector<Sample>>> convert_classic_histograms(
    const std::map<Labels, std::vector<Sample>>& classic);

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_NHCB_H_
