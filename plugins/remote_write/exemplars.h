// What both protocols do with the exemplars of one series.
#ifndef NIGHTLIGHT_REMOTE_WRITE_EXEMPLARS_H_
#define NIGHTLIGHT_REMOTE_WRITE_EXEMPLARS_H_

#include <vector>

#include "remote_write/columns.h"

namespace nightlight::remote_write {

// Adds an exemplar of the series that is being read; its labels become sorted. Those in the future are rejected.
void add_exemplar(std::vector<LabelPair>& labels, int64_t timestamp_ms, double value, const SamplePolicy& policy,
                  Columns& columns);

// Orders columns.exemplars[first..] by time, value and labels: stores refuse older ones after newer ones.
void sort_exemplars(size_t first, Columns& columns);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_EXEMPLARS_H_
