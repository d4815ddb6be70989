#include "gorilla/seal/seal.h"

#include <algorithm>

#include "gorilla/bucket/bucket.h"
#include "gorilla/select/series_set.h"

namespace nightlight::gorilla {
namespace {

// As many series are copied out of the head at once: bounds memory, and how long a writer waits for the lock.
constexpr size_t kSeriesPerGroup = 2048;

// Adds the series of a set, which are in the order of their labels.
Result<void> add_set(GorillaSeriesSet& set, Host* host, BlockWriter& writer, uint64_t* group_number,
                     SealProgress& progress) {
  SeriesCursor* raw = nullptr;
  auto failed = [&](Status status) { return Error{status.code, std::string(view(host->last_error()))}; };
  if (Status opened = set.open(0, set.size(), &raw); !opened.ok()) return failed(opened);
  Owned<SeriesCursor> cursor(raw);
  std::vector<LabelView> labels;
  for (SeriesBatch batch{};;) {
    if (Status read = cursor->next(&batch); !read.ok()) return failed(read);
    if (batch.series.empty()) return {};
    ++*group_number;
    for (const SeriesSamples* s : batch.series) {
      labels.clear();
      for (LabelRef l : set.labels(s->series))
        labels.emplace_back(view(set.symbols()[l.name]), view(set.symbols()[l.value]));
      SeriesInput input;
      input.labels = labels;
      input.timestamps_ms = {s->timestamps_ms.data, s->timestamps_ms.size};
      input.values = {s->values.data, s->values.size};
      input.start_timestamps_ms = {s->start_timestamps_ms.data, s->start_timestamps_ms.size};
      input.histograms = {s->histograms.data, s->histograms.size};
      // Ids are told apart within a batch only.
      if (s->timestamps_id != 0) input.timestamps_id = *group_number << 32 | (s->timestamps_id & UINT32_MAX);
      NIGHTLIGHT_TRY(writer.add(input));
      progress.done_series.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

}  // namespace

Result<std::optional<BlockMeta>> write_generation(const Head& head, const std::shared_ptr<Generation>& generation,
                                                  Host* host, Bucket& bucket, BlockMeta meta,
                                                  const BlockOptions& options, SealProgress& progress) {
  if (generation->last_position > 0)
    meta.log_ranges.push_back({0, generation->first_position, generation->last_position});
  NIGHTLIGHT_ASSIGN(writer, BlockWriter::create(bucket, std::move(meta), options));
  std::vector<uint32_t> ids = head.sorted_series(*generation);
  progress.done_series.store(0);
  progress.total_series.store(ids.size());
  uint64_t group_number = 0;
  for (size_t begin = 0; begin < ids.size(); begin += kSeriesPerGroup) {
    std::span<const uint32_t> group(ids.data() + begin, std::min(kSeriesPerGroup, ids.size() - begin));
    std::unique_ptr<GorillaSeriesSet, SeriesSetDeleter> set(new GorillaSeriesSet(head, host, INT64_MIN, INT64_MAX));
    set->add_generation(generation, group);
    set->finish(false, 0);
    NIGHTLIGHT_TRY(add_set(*set, host, *writer, &group_number, progress));
  }
  if (writer->series_count() == 0) return std::optional<BlockMeta>();
  NIGHTLIGHT_ASSIGN(done, writer->finish());
  return std::optional<BlockMeta>(std::move(done));
}

}  // namespace nightlight::gorilla
