// Reading columns and writing results.
#ifndef NIGHTLIGHT_PROMQL_STD_OUTPUT_H_
#define NIGHTLIGHT_PROMQL_STD_OUTPUT_H_

#include <cstdint>

#include "nightlight/function.h"
#include "promql_std/definition.h"

namespace nightlight::promql_std {

constexpr uint64_t valid_words(uint64_t steps) { return (steps + 63) / 64; }
inline bool is_valid(const uint64_t* valid, uint64_t step) { return (valid[step / 64] >> (step % 64) & 1) != 0; }
inline void set_valid(uint64_t* valid, uint64_t step) { valid[step / 64] |= uint64_t{1} << (step % 64); }

inline bool has_float(const Column& column, uint64_t step) { return is_valid(column.valid, step); }
inline const Histogram* histogram_at(const Column& column, uint64_t step) {
  return column.histograms == nullptr ? nullptr : column.histograms[step];
}

inline void emit(ColumnOut& out, uint64_t step, double value) {
  out.values[step] = value;
  set_valid(out.valid, step);
}

// Copies a histogram into the query's memory; false when that is exhausted.
inline bool emit(const Scope& scope, ColumnOut& out, uint64_t step, const FloatHistogram& histogram) {
  out.histograms[step] = histogram.store(scope.evaluation().arena, scope.time_ms(step));
  return out.histograms[step] != nullptr;
}

// A column in the making, in the query's memory.
struct NewColumn {
  Column* column = nullptr;
  double* values = nullptr;
  uint64_t* valid = nullptr;

  void emit(uint64_t step, double value) const {
    values[step] = value;
    set_valid(valid, step);
  }
};

// A column of floats with these labels (which are copied); `column` is null when memory is exhausted.
NewColumn new_column(const Scope& scope, View<LabelPair> labels, uint32_t flags);

// A copy of label pairs and their text in the query's memory; `ok` is false when that is exhausted.
View<LabelPair> store_labels(const Scope& scope, View<LabelPair> labels, bool& ok);

// The labels (and flags) of a result that is no longer the metric it came from: name, type and unit go, now or, with
// delayed name removal, at the end of the query. `room` keeps the labels.
struct Renamed {
  View<LabelPair> labels;
  uint32_t flags;
};
Renamed drop_name(const Scope& scope, View<LabelPair> labels, std::vector<LabelPair>& room);

}  // namespace nightlight::promql_std

#endif  // NIGHTLIGHT_PROMQL_STD_OUTPUT_H_
