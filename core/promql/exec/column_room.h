// Columns: reading them, and room for the columns that a stream makes.
#ifndef NIGHTLIGHT_PROMQL_EXEC_COLUMN_ROOM_H_
#define NIGHTLIGHT_PROMQL_EXEC_COLUMN_ROOM_H_

#include <bit>
#include <vector>

#include "model/float_histogram.h"
#include "promql/exec/domain.h"
#include "promql/exec/query_state.h"
#include "promql/exec/stream.h"

namespace nightlight::promql {

inline bool bit_at(const uint64_t* bits, uint64_t i) { return (bits[i / 64] >> (i % 64) & 1) != 0; }
inline void set_bit(uint64_t* bits, uint64_t i) { bits[i / 64] |= uint64_t{1} << (i % 64); }
inline void clear_bit(uint64_t* bits, uint64_t i) { bits[i / 64] &= ~(uint64_t{1} << (i % 64)); }

inline bool has_float(const Column& column, uint64_t step) { return bit_at(column.valid, step); }
inline const Histogram* histogram_at(const Column& column, uint64_t step) {
  return column.histograms == nullptr ? nullptr : column.histograms[step];
}
inline bool has_sample(const Column& column, uint64_t step) {
  return has_float(column, step) || histogram_at(column, step) != nullptr;
}
// Whether there is any sample at all.
bool has_any(const Column& column, const Domain& domain);
// What the column's samples count against max_samples.
int64_t sample_count(const Column& column, const Domain& domain);

// A column that is being filled. `histograms` is null unless asked for.
struct ColumnFill {
  Column* column = nullptr;
  double* values = nullptr;
  uint64_t* valid = nullptr;
  const Histogram** histograms = nullptr;

  explicit operator bool() const { return column != nullptr; }
  void set(uint64_t step, double value) const {
    values[step] = value;
    set_bit(valid, step);
  }
};

class ColumnRoom {
 public:
  ColumnRoom(QueryState& state, const Domain& domain, Keep keep)
      : state_(state), domain_(domain), keep_(keep), scratch_(state.budget) {}

  // A column without values: what is in `values` means nothing yet. With Keep::kUntilNext it takes the place of the
  // last one. Null when memory is exhausted.
  ColumnFill fresh(View<LabelPair> labels, uint32_t flags, bool with_histograms);
  // Copies a column, labels included, so that it lives as long as this room's columns do. Null: no memory.
  const Column* copy(const Column& column);
  // What ends the making of a column: its values are 0 where it has none, and it is charged if it is kept.
  Result<const Column*> finish(const ColumnFill& fill);

  // Where what belongs to the columns lives.
  BlockArena& arena() { return keep_ == Keep::kUntilNext ? scratch_ : state_.arena; }
  Keep keep() const { return keep_; }
  // Copies a histogram to the arena at a step's time. Null: no memory.
  const Histogram* store(const FloatHistogram& histogram, uint64_t step) {
    return histogram.store(&arena(), domain_.times_ms[step]);
  }

 private:
  QueryState& state_;
  const Domain& domain_;
  const Keep keep_;
  BlockArena scratch_;
};

// A label set copied to an arena, text not included. Null data of a non-empty set: no memory.
View<LabelPair> copy_pairs(Arena& arena, View<LabelPair> labels);
// The same with its text.
View<LabelPair> copy_labels(Arena& arena, View<LabelPair> labels);

// The label set without name, type and unit. `room` holds it.
View<LabelPair> without_metadata(View<LabelPair> labels, std::vector<LabelPair>& room);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_COLUMN_ROOM_H_
