#include "gorilla/offline/check.h"

#include <algorithm>

#include "gorilla/block/format.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/head/head.h"
#include "gorilla/seal/series_snapshot.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kMaxTombstoneBytes = uint64_t{256} << 20;

Damage damage_of(const Error& error, const std::string& file) {
  return {file, damaged_offset(error).value_or(0), error.message};
}

Result<std::shared_ptr<const BucketObject>> open_watched(const DataDirectory& directory, const std::string& key,
                                                         ByteProgress& progress) {
  NIGHTLIGHT_ASSIGN(object, directory.bucket->open(key));
  return watched(std::move(object), progress);
}

void check_catalogued_block(const DataDirectory& directory, const BlockMeta& meta, ByteProgress& progress,
                            CheckReport* report) {
  const std::string key = block_key(meta.id), file = directory.file_of(key);
  ++report->blocks;
  report->samples += meta.stats.float_samples + meta.stats.histogram_samples;
  auto object = open_watched(directory, key, progress);
  if (!object.ok()) {
    report->damages.push_back({file, 0, "the catalog names it, but it cannot be opened: " + object.error().message});
    return;
  }
  ++report->files;
  report->bytes += (*object)->size_bytes();
  std::vector<Damage> damages = check_block(*object, file);
  report->damages.insert(report->damages.end(), damages.begin(), damages.end());
  if (meta.tombstones_key.empty()) return;
  ++report->files;
  auto bytes = directory.bucket->get_all(meta.tombstones_key, kMaxTombstoneBytes);
  Result<Tombstones> tombstones = bytes.ok() ? Tombstones::decode(*bytes) : std::move(bytes).error();
  if (!tombstones.ok())
    report->damages.push_back({directory.file_of(meta.tombstones_key), 0, tombstones.error().message});
}

SeriesSnapshot check_snapshot(const DataDirectory& directory, ByteProgress& progress, CheckReport* report) {
  auto object = open_watched(directory, kSeriesKey, progress);
  if (!object.ok()) {
    report->damages.push_back({directory.file_of(kSeriesKey), 0, object.error().message});
    return {};
  }
  ++report->files;
  report->bytes += (*object)->size_bytes();
  Head head{HeadOptions()};
  auto read = read_series_snapshot(*directory.bucket, head);
  if (read.ok()) return *read;
  report->damages.push_back(damage_of(read.error(), directory.file_of(kSeriesKey)));
  return {};
}

bool has_sealed(const CatalogState& catalog) {
  return std::any_of(catalog.blocks.begin(), catalog.blocks.end(),
                     [](const BlockMeta& meta) { return !meta.log_ranges.empty(); });
}

}  // namespace

Result<CheckReport> check_directory(const DataDirectory& directory, ByteProgress& progress) {
  for (const std::string& key : directory.keys) {
    NIGHTLIGHT_ASSIGN(head, directory.files.size(directory.path + "/" + directory.file_of(key)));
    progress.expect(head);
  }
  CheckReport report;
  if (directory.catalog.ok()) {
    ++report.files;
    for (const BlockMeta& meta : directory.catalog->blocks) check_catalogued_block(directory, meta, progress, &report);
  } else if (directory.catalog.error().code != Code::kNotFound || directory.has_blocks()) {
    const Error& error = directory.catalog.error();
    report.damages.push_back({directory.file_of(kCatalogKey), 0, error.message, error.code == Code::kUnimplemented});
  }
  SeriesSnapshot snapshot;
  if (directory.has(kSeriesKey)) snapshot = check_snapshot(directory, progress, &report);
  // Whether there are blocks is not known without a catalog.
  const bool sealed = directory.catalog.ok() ? has_sealed(*directory.catalog) : directory.has_blocks();
  NIGHTLIGHT_ASSIGN(damages, check_log(directory.files, directory.path + "/" + std::string(kLogDirectory),
                                       snapshot.position, SeriesIds(snapshot, sealed), progress, &report));
  report.damages.insert(report.damages.end(), damages.begin(), damages.end());
  return report;
}

}  // namespace nightlight::gorilla
