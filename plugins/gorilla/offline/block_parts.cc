#include "gorilla/offline/block_parts.h"

#include "gorilla/block/chunk_values.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/chunk/histograms.h"

namespace nightlight::gorilla {

Result<std::unique_ptr<BlockParts>> open_block_parts(std::shared_ptr<const BucketObject> object, PageCache& cache) {
  auto out = std::make_unique<BlockParts>();
  const uint64_t size = object->size_bytes();
  NIGHTLIGHT_ASSIGN(file, BlockFile::open(std::move(object), cache));
  out->file = std::move(file);
  NIGHTLIGHT_ASSIGN(bytes, out->file->section(SectionType::kMeta));
  BoundedReader in{ByteView(bytes)};
  out->meta = read_meta(in);
  if (!in.ok() || out->meta.stats.series == 0 || out->meta.stats.series > UINT32_MAX)
    return out->file->damaged(out->file->sections().at(SectionType::kMeta).offset, "a section contradicts itself");
  out->meta.stats.size_bytes = size;
  const auto series = static_cast<uint32_t>(out->meta.stats.series);
  if (auto index = IndexReader::open(*out->file, series); index.ok()) {
    out->index = std::move(*index);
  } else {
    out->errors.push_back(std::move(index).error());
  }
  if (auto data = DataReader::open(*out->file, series); data.ok()) {
    out->data = std::move(*data);
  } else {
    out->errors.push_back(std::move(data).error());
  }
  return out;
}

void BlockParts::each_known_page(const std::function<void(PageRef)>& visit) const {
  for (const auto& [type, page] : file->sections()) visit(page);
  if (index != nullptr) index->each_listed_page(visit);
  if (data == nullptr) return;
  data->each_column_page([&](uint32_t, PageRef page) { visit(page); });
  for (const DataReader::Slice& slice : data->slices()) {
    for (const DataReader::Page& page : slice.pages) visit(page.ref);
  }
}

Result<PageSummary> read_page_at(const BlockFile& file, uint64_t offset, uint32_t known_size) {
  uint8_t header[kPageHeaderBytes];
  NIGHTLIGHT_TRY(file.object().read(offset, header, sizeof header));
  const uint64_t size = known_size != 0 ? known_size : load<uint32_t>(header + 8) + uint64_t{kPageHeaderBytes};
  const auto kind = static_cast<PageKind>(header[0]);
  if (size > kMaxPageBytes || size > file.toc_offset() - offset)
    return file.damaged(offset, "the header of a page is wrong");
  NIGHTLIGHT_TRY(file.page(kind, {offset, static_cast<uint32_t>(size)}));
  return PageSummary{kind, static_cast<uint32_t>(size)};
}

Result<void> decode_chunk(const DataReader& data, const DataPageView& page, size_t i) {
  std::vector<int64_t> times;
  NIGHTLIGHT_TRY(data.decode_column(page.column(i), &times));
  const Error wrong{Code::kDataLoss, std::string("its bytes are no such encoding")};
  if (page.kind(i) == kHistogramEncoding) {
    SampleArena arena;
    std::vector<const Histogram*> histograms;
    return decode_histograms(page.chunk(i), times, arena, histograms) ? Result<void>() : wrong;
  }
  FloatChunk chunk;
  if (!split_float_chunk(page.kind(i), page.chunk(i), &chunk)) return wrong;
  std::vector<int64_t> starts(times.size());
  if (chunk.has_starts && !decode_integers(chunk.start_encoding, chunk.starts, times.size(), starts.data()))
    return wrong;
  std::vector<double> values(times.size());
  return ChunkValues().decode(page, i, chunk, times.size(), values.data()) ? Result<void>() : wrong;
}

}  // namespace nightlight::gorilla
