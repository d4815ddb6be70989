// Checks every byte of a data directory, and tells each damage rather than the first.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_CHECK_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_CHECK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gorilla/block/block_meta.h"
#include "gorilla/offline/data_directory.h"
#include "gorilla/seal/series_ids.h"

namespace nightlight::gorilla {

struct Damage {
  std::string file;  // Within the directory.
  uint64_t offset = 0;
  std::string what;
  bool newer = false;  // Not damaged perhaps, but of a version that this one does not know.
  bool operator==(const Damage&) const = default;
};

struct CheckReport {
  uint64_t files = 0, bytes = 0, blocks = 0, samples = 0, log_records = 0;
  std::vector<Damage> damages;
};

// Catalog, blocks, tombstones, the series snapshot, the log. An error only when the directory itself cannot be read.
Result<CheckReport> check_directory(const DataDirectory& directory, ByteProgress& progress);

// The damages of one block, by offset: every page's checksum, every chunk. `file` is its name in the report.
std::vector<Damage> check_block(std::shared_ptr<const BucketObject> object, const std::string& file);

// The damages of the write-ahead log in `directory`. A torn end is none: it was never acknowledged. `ids` are those
// that series of records behind the position `after` may have.
Result<std::vector<Damage>> check_log(FileSystem& files, const std::string& directory, uint64_t after, SeriesIds ids,
                                      ByteProgress& progress, CheckReport* counts);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_CHECK_H_
