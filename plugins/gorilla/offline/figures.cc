#include "gorilla/offline/figures.h"

#include <algorithm>

#include "gorilla/block/tombstones.h"
#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/values.h"
#include "gorilla/log/segment.h"
#include "gorilla/offline/block_parts.h"
#include "gorilla/seal/series_snapshot.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{8} << 20;
constexpr uint64_t kMaxTombstoneBytes = uint64_t{256} << 20;

const char* part_name(PageKind kind) {
  switch (kind) {
    case PageKind::kData:
      return "data";
    case PageKind::kTimestamps:
      return "timestamps";
    case PageKind::kSeries:
      return "series";
    case PageKind::kValues:
      return "values";
    case PageKind::kPostings:
      return "postings";
    case PageKind::kSection:
      break;
  }
  return "directories";
}

std::string codec_name(uint8_t kind) {
  if (kind == kHistogramEncoding) return "histogram";
  return value_encoding_name(static_cast<uint8_t>(kind & ~(kHasStartTimestamps | kHasExceptions)));
}

Result<void> add_parts(const BlockFile& file, BlockFigures* out) {
  out->parts["directories"] += kHeaderBytes + file.object().size_bytes() - file.toc_offset();
  for (uint64_t at = kHeaderBytes; at < file.toc_offset();) {
    NIGHTLIGHT_ASSIGN(page, read_page_at(file, at, 0));
    out->parts[part_name(page.kind)] += page.size;
    at += page.size;
  }
  return {};
}

Result<void> add_codecs(const DataReader& data, BlockFigures* out) {
  for (const DataReader::Slice& slice : data.slices()) {
    for (const DataReader::Page& page : slice.pages) {
      NIGHTLIGHT_ASSIGN(view, data.load(page));
      for (size_t i = 0; i < view->size(); ++i) {
        uint32_t first = 0;
        NIGHTLIGHT_ASSIGN(columns, data.load_column(view->column(i), &first));
        CodecFigures& codec = out->codecs[codec_name(view->kind(i))];
        ++codec.chunks;
        codec.samples += columns->count(view->column(i) - first);
        codec.raw_bytes += view->chunk(i).size();
      }
    }
  }
  return {};
}

Result<void> measure(const DataDirectory& directory, ByteProgress& progress, BlockFigures* out) {
  NIGHTLIGHT_ASSIGN(object, directory.bucket->open(block_key(out->meta.id)));
  PageCache cache(kCacheBytes);
  NIGHTLIGHT_ASSIGN(parts, open_block_parts(watched(std::move(object), progress), cache));
  out->meta.stats = parts->meta.stats;
  if (!parts->errors.empty()) return parts->errors.front();
  NIGHTLIGHT_TRY(add_parts(*parts->file, out));
  NIGHTLIGHT_TRY(add_codecs(*parts->data, out));
  if (out->meta.tombstones_key.empty()) return {};
  NIGHTLIGHT_ASSIGN(bytes, directory.bucket->get_all(out->meta.tombstones_key, kMaxTombstoneBytes));
  NIGHTLIGHT_ASSIGN(tombstones, Tombstones::decode(bytes));
  out->tombstone_ranges = tombstones.range_count();
  return {};
}

// What the catalog names, or, without one, what the blocks say of themselves.
std::vector<BlockMeta> metas_of(const DataDirectory& directory) {
  if (directory.catalog.ok()) return directory.catalog->blocks;
  std::vector<BlockMeta> out;
  for (const std::string& key : directory.keys) {
    if (!key.ends_with(".nlb")) continue;
    auto object = directory.bucket->open(key);
    if (!object.ok()) continue;
    PageCache cache(0);
    if (auto parts = open_block_parts(std::move(*object), cache); parts.ok()) out.push_back((*parts)->meta);
  }
  return out;
}

Result<LogFigures> log_of(const DataDirectory& directory) {
  LogFigures out;
  const std::string path = directory.path + "/" + std::string(kLogDirectory);
  auto names = directory.files.list(path);
  if (!names.ok()) return out;
  for (const std::string& name : *names) {
    if (!segment_number(name)) continue;
    NIGHTLIGHT_ASSIGN(size, directory.files.size(path + "/" + name));
    ++out.segments;
    out.bytes += size;
  }
  if (auto quarantined = directory.files.list(path + "/quarantine"); quarantined.ok())
    out.quarantined = quarantined->size();
  return out;
}

}  // namespace

Result<DirectoryFigures> figures_of(const DataDirectory& directory, ByteProgress& progress) {
  DirectoryFigures out;
  if (!directory.catalog.ok() && (directory.has_blocks() || directory.catalog.error().code != Code::kNotFound))
    out.catalog_damage = directory.catalog.error().message;
  const std::vector<BlockMeta> metas = metas_of(directory);
  for (const BlockMeta& meta : metas) progress.expect(meta.stats.size_bytes);
  for (const BlockMeta& meta : metas) {
    BlockFigures& block = out.blocks.emplace_back();
    block.meta = meta;
    if (Result<void> done = measure(directory, progress, &block); !done.ok()) block.damage = done.error().message;
  }
  out.unnamed = directory.unnamed_blocks();
  NIGHTLIGHT_ASSIGN(log, log_of(directory));
  out.log = log;
  if (directory.has(kSeriesKey)) {
    NIGHTLIGHT_ASSIGN(size, directory.files.size(directory.path + "/" + directory.file_of(kSeriesKey)));
    out.series_snapshot_bytes = size;
  }
  return out;
}

std::map<uint32_t, LevelFigures> levels_of(const DirectoryFigures& figures) {
  std::map<uint32_t, LevelFigures> out;
  for (const BlockFigures& block : figures.blocks) {
    LevelFigures& sum = out[block.meta.level];
    ++sum.blocks;
    sum.samples += block.meta.stats.float_samples + block.meta.stats.histogram_samples;
    sum.bytes += block.meta.stats.size_bytes;
    for (const auto& [part, bytes] : block.parts) sum.parts[part] += bytes;
    for (const auto& [name, codec] : block.codecs) {
      CodecFigures& all = sum.codecs[name];
      all.chunks += codec.chunks;
      all.samples += codec.samples;
      all.raw_bytes += codec.raw_bytes;
    }
  }
  return out;
}

}  // namespace nightlight::gorilla
