#include "promql/exec/merge_equal.h"

#include <cstring>
#include <unordered_map>

#include "model/labels.h"
#include "promql/exec/column_room.h"

namespace nightlight::promql {
namespace {

class Collected final : public VectorStream {
 public:
  Collected(std::vector<const Column*> columns, bool distinct) : columns_(std::move(columns)), distinct_(distinct) {}

  Result<const Column*> next() override { return at_ < columns_.size() ? columns_[at_++] : nullptr; }
  bool distinct_without_name() const override { return distinct_; }

 private:
  const std::vector<const Column*> columns_;
  const bool distinct_;
  size_t at_ = 0;
};

Error equal_labels_error() {
  return {Code::kFailedPrecondition, "vector cannot contain metrics with the same labelset"};
}

uint64_t first_sample(const Domain& domain, const Column& column) {
  uint64_t step = 0;
  while (step < domain.steps() && !has_sample(column, step)) ++step;
  return step;
}

// Adds the samples of `from` to a column of ours.
Result<void> add_samples(QueryState& state, const Domain& domain, const Column& from, ColumnFill& into) {
  for (uint64_t step = 0; step < domain.steps(); ++step) {
    if (!has_sample(from, step)) continue;
    if (has_sample(*into.column, step)) return equal_labels_error();
    if (has_float(from, step)) {
      into.set(step, from.values[step]);
      continue;
    }
    if (into.histograms == nullptr) {
      into.histograms = allocate_zeroed<const Histogram*>(state.arena, domain.steps());
      if (into.histograms == nullptr) return state.out_of_memory();
      into.column->histograms = into.histograms;
    }
    into.histograms[step] = from.histograms[step];
  }
  return {};
}

}  // namespace

Result<std::vector<const Column*>> collect(VectorStream& stream) {
  std::vector<const Column*> out;
  while (true) {
    NIGHTLIGHT_ASSIGN(column, stream.next());
    if (column == nullptr) return out;
    out.push_back(column);
  }
}

Result<std::vector<const Column*>> merge_equal(QueryState& state, const Domain& domain,
                                               std::vector<const Column*> columns) {
  if (columns.size() < 2) return columns;
  ColumnRoom room(state, domain, Keep::kForQuery);
  std::unordered_multimap<uint64_t, size_t> places;  // By hash, into `merged`.
  places.reserve(columns.size());
  std::vector<const Column*> merged;
  std::unordered_map<size_t, ColumnFill> own;  // Those of `merged` that are ours to add to.
  for (const Column* column : columns) {
    uint64_t hash = hash_labels(column->labels);
    auto [at, end] = places.equal_range(hash);
    while (at != end && !equal_labels(merged[at->second]->labels, column->labels)) ++at;
    if (at == end) {
      places.emplace(hash, merged.size());
      merged.push_back(column);
      continue;
    }
    auto [mine, added] = own.try_emplace(at->second);
    if (added) {
      mine->second = room.fresh(column->labels, merged[at->second]->flags, false);
      if (!mine->second) return state.out_of_memory();
      NIGHTLIGHT_TRY(add_samples(state, domain, *merged[at->second], mine->second));
      merged[at->second] = mine->second.column;
    }
    // Whether the name is still to be dropped is what the earliest sample of the series says.
    if (first_sample(domain, *column) < first_sample(domain, *mine->second.column))
      mine->second.column->flags = column->flags;
    NIGHTLIGHT_TRY(add_samples(state, domain, *column, mine->second));
  }
  return merged;
}

VectorStreamPtr stream_of(std::vector<const Column*> columns, bool distinct_without_name) {
  return std::make_unique<Collected>(std::move(columns), distinct_without_name);
}

Result<VectorStreamPtr> merge_nameless(QueryState& state, const Domain& domain, VectorStreamPtr stream) {
  if (stream->distinct_without_name() || state.options.delayed_name_removal) return stream;
  NIGHTLIGHT_ASSIGN(columns, collect(*stream));
  NIGHTLIGHT_ASSIGN(merged, merge_equal(state, domain, std::move(columns)));
  return stream_of(std::move(merged), true);
}

}  // namespace nightlight::promql
