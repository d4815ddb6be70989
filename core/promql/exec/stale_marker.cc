#include "promql/exec/stale_marker.h"

#include "base/vector_clones.h"

namespace nightlight::promql {

NIGHTLIGHT_VECTOR_CLONES bool has_stale_marker(const double* values, uint64_t count) {
  uint64_t any = 0;
  for (uint64_t i = 0; i < count; ++i) any |= is_stale_marker(values[i]) ? 1 : 0;
  return any != 0;
}

}  // namespace nightlight::promql
