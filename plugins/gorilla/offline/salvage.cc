#include "gorilla/offline/salvage.h"

#include "gorilla/block/block_writer.h"
#include "gorilla/offline/block_parts.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{16} << 20;

// One cursor for each slice, so that a damaged page takes no more than its slice with it.
class SliceReader {
 public:
  explicit SliceReader(const DataReader& data) {
    for (const DataReader::Slice& slice : data.slices()) {
      // Slices reach to both ends of time; a product that does not fit is such an end.
      int64_t start = 0, end = 0;
      if (__builtin_mul_overflow(slice.number, data.slice_ms(), &start)) start = INT64_MIN;
      if (__builtin_add_overflow(start, data.slice_ms() - 1, &end)) end = INT64_MAX;
      cursors_.push_back(make_block_cursor(data, start, end));
    }
  }

  // The samples of a series in all slices that can be read.
  void read(uint32_t ordinal, SampleColumns* out) {
    out->clear();
    for (const auto& cursor : cursors_) {
      probe_.clear();
      // A damaged chunk may have left a part of itself behind: first see whether the slice is whole.
      if (cursor->read(ordinal, &probe_).ok()) (void)cursor->read(ordinal, out);
    }
  }

 private:
  std::vector<std::unique_ptr<BlockCursor>> cursors_;
  SampleColumns probe_;
};

}  // namespace

Result<Salvage> salvage_block(std::shared_ptr<const BucketObject> object, const BlockMeta& meta, const Ulid& id,
                              const Tombstones& before, Bucket& bucket) {
  Salvage out;
  PageCache cache(kCacheBytes);
  auto opened = open_block_parts(std::move(object), cache);
  if (!opened.ok() || (*opened)->index == nullptr || (*opened)->data == nullptr) return out;
  const BlockParts& parts = **opened;
  BlockMeta made = meta;
  made.id = id;
  NIGHTLIGHT_ASSIGN(writer, BlockWriter::create(bucket, std::move(made), block_options_of_level(meta.level)));
  std::unique_ptr<LabelReader> labels = make_label_reader(*parts.index);
  SliceReader samples(*parts.data);
  SampleColumns columns;
  for (uint32_t ordinal = 0; ordinal < parts.index->series_count(); ++ordinal) {
    auto of_series = labels->labels(ordinal);
    if (!of_series.ok()) continue;
    samples.read(ordinal, &columns);
    if (columns.empty()) continue;
    SeriesInput input;
    input.labels = *of_series;
    input.timestamps_ms = columns.timestamps_ms;
    input.values = columns.values;
    input.start_timestamps_ms = columns.start_timestamps_ms;
    input.histograms = columns.histograms;
    const uint64_t written = writer->series_count();
    // The writer refuses what contradicts itself: labels or times out of order.
    if (Result<void> added = writer->add(input); !added.ok()) {
      if (added.error().code == Code::kInvalidArgument) continue;
      return std::move(added).error();
    }
    if (const auto* ranges = before.ranges(ordinal)) {
      for (const TimeRange& range : *ranges) out.tombstones.add(static_cast<uint32_t>(written), range);
    }
  }
  if (writer->series_count() == 0) return out;
  NIGHTLIGHT_ASSIGN(block, writer->finish());
  out.block = std::move(block);
  return out;
}

}  // namespace nightlight::gorilla
