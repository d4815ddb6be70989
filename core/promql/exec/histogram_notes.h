// The annotations of the engine's own operators, in Prometheus' words.
#ifndef NIGHTLIGHT_PROMQL_EXEC_HISTOGRAM_NOTES_H_
#define NIGHTLIGHT_PROMQL_EXEC_HISTOGRAM_NOTES_H_

#include <string>

#include "model/labels.h"
#include "promql/exec/notes.h"

namespace nightlight::promql::notes {

inline void mixed_floats_histograms(Notes& notes, std::string_view metric, Span at) {
  notes.add(NoteKind::kWarning,
            "encountered a mix of histograms and floats for metric name " + nightlight::quote(metric), at);
}
inline void mixed_in_aggregation(Notes& notes, Span at) {
  notes.add(NoteKind::kWarning, "encountered a mix of histograms and floats for aggregation", at);
}
inline void mixed_schemas(Notes& notes, std::string_view metric, Span at) {
  notes.add(NoteKind::kWarning,
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
                nightlight::quote(metric),
            at);
}
inline void histogram_ignored(Notes& notes, std::string_view aggregation, Span at) {
  notes.add(NoteKind::kInfo, "ignored histogram in " + std::string(aggregation) + " aggregation", at);
}
// `operation`: addition, subtraction, aggregation
inline void bounds_reconciled(Notes& notes, std::string_view operation, Span at) {
  notes.add(NoteKind::kInfo, "mismatched custom buckets were reconciled during " + std::string(operation), at);
}
inline void hint_conflict(Notes& notes, std::string_view operation, Span at) {
  notes.add(NoteKind::kWarning, "conflicting counter resets during histogram " + std::string(operation), at);
}

}  // namespace nightlight::promql::notes

#endif  // NIGHTLIGHT_PROMQL_EXEC_HISTOGRAM_NOTES_H_
