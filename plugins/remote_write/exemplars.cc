#include "remote_write/exemplars.h"

#include <algorithm>

#include "model/labels.h"

namespace nightlight::remote_write {

void add_exemplar(std::vector<LabelPair>& labels, int64_t timestamp_ms, double value, const SamplePolicy& policy,
                  Columns& columns) {
  if (timestamp_ms > policy.newest_ms) {
    columns.rejections.push_back(
        {columns.series_count(), RejectReason::kInvalidExemplar, "out of bounds: timestamp is too far in the future"});
    return;
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const LabelPair& a, const LabelPair& b) { return view(a.name) < view(b.name); });
  LabelPair* kept = columns.make_array<LabelPair>(labels.size());
  std::copy(labels.begin(), labels.end(), kept);
  Exemplar exemplar{};
  exemplar.struct_size = sizeof exemplar;
  exemplar.series = static_cast<uint32_t>(columns.series_count());
  exemplar.timestamp_ms = timestamp_ms;
  exemplar.value = value;
  exemplar.labels = View<LabelPair>{kept, labels.size()};
  columns.exemplars.push_back(columns.make(exemplar));
}

void sort_exemplars(size_t first, Columns& columns) {
  auto begin = columns.exemplars.begin() + static_cast<std::ptrdiff_t>(first);
  std::stable_sort(begin, columns.exemplars.end(), [](const Exemplar* a, const Exemplar* b) {
    if (a->timestamp_ms != b->timestamp_ms) return a->timestamp_ms < b->timestamp_ms;
    if (a->value != b->value) return a->value < b->value;
    return compare_labels(a->labels, b->labels) < 0;
  });
}

}  // namespace nightlight::remote_write
