// A data directory that no server uses, opened by the offline tool.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_DATA_DIRECTORY_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_DATA_DIRECTORY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gorilla/bucket/bucket.h"
#include "gorilla/catalog/catalog.h"
#include "gorilla/file/file_system.h"

namespace nightlight::gorilla {

// What a server leaves in its directory.
inline constexpr std::string_view kBlocksDirectory = "blocks", kLogDirectory = "wal", kLockFile = "lock",
                                  kCatalogKey = "catalog";

struct DataDirectory {
  FileSystem& files;
  std::string path;
  std::unique_ptr<FileLock> lock;  // Null when it was opened for looking, and no server ever locked it.
  std::unique_ptr<Bucket> bucket;
  std::vector<std::string> keys;                  // Of the bucket, sorted.
  Result<CatalogState> catalog = CatalogState();  // What the catalog names, or why it cannot be read.

  std::string file_of(std::string_view key) const { return std::string(kBlocksDirectory) + "/" + std::string(key); }
  bool has(const std::string& key) const;
  bool has_blocks() const;
  // Blocks that the catalog does not name: leavings of a crash, which the next start deletes. None without a catalog.
  std::vector<std::string> unnamed_blocks() const;
};

// kNotFound: no such directory, or none of this store. kFailedPrecondition: a server uses it. Looking changes nothing,
// and so works on copies that cannot be written, too.
enum class DirectoryUse { kLook, kRepair };
Result<std::unique_ptr<DataDirectory>> open_data_directory(FileSystem& files, const std::string& path,
                                                           DirectoryUse use);

// Adds up the bytes of a work, over all of its objects.
class ByteProgress {
 public:
  using Report = std::function<void(uint64_t done, uint64_t total)>;
  explicit ByteProgress(Report report) : report_(std::move(report)) {}

  void expect(uint64_t bytes) { total_ += bytes; }
  void add(uint64_t bytes) {
    done_ += bytes;
    report_(done_ < total_ ? done_ : total_, total_);
  }

 private:
  const Report report_;
  uint64_t done_ = 0, total_ = 0;
};

// The same object; what is read of it is added to `progress`, its size at most, the rest when it is closed.
std::shared_ptr<const BucketObject> watched(std::shared_ptr<const BucketObject> object, ByteProgress& progress);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_DATA_DIRECTORY_H_
