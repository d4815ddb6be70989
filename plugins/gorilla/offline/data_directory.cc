#include "gorilla/offline/data_directory.h"

#include <algorithm>
#include <set>

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kMaxCatalogBytes = uint64_t{256} << 20;

class WatchedObject final : public BucketObject {
 public:
  WatchedObject(std::shared_ptr<const BucketObject> object, ByteProgress& progress)
      : object_(std::move(object)), progress_(progress) {}
  ~WatchedObject() override { progress_.add(size_bytes() - seen_); }

  const std::string& key() const override { return object_->key(); }
  uint64_t size_bytes() const override { return object_->size_bytes(); }
  Result<void> read(uint64_t offset, void* out, size_t size) const override {
    const uint64_t fresh = std::min<uint64_t>(size, size_bytes() - seen_);
    seen_ += fresh;
    progress_.add(fresh);
    return object_->read(offset, out, size);
  }

 private:
  const std::shared_ptr<const BucketObject> object_;
  ByteProgress& progress_;
  mutable uint64_t seen_ = 0;  // The tool has one thread.
};

Result<CatalogState> read_catalog(Bucket& bucket) {
  auto bytes = bucket.get_all(kCatalogKey, kMaxCatalogBytes);
  if (bytes.ok()) return decode_catalog(*bytes);
  if (bytes.error().code == Code::kNotFound) return Error{Code::kNotFound, "there is no catalog"};
  return std::move(bytes).error();
}

}  // namespace

bool DataDirectory::has(const std::string& key) const { return std::binary_search(keys.begin(), keys.end(), key); }

bool DataDirectory::has_blocks() const {
  return std::any_of(keys.begin(), keys.end(), [](const std::string& key) { return key.ends_with(".nlb"); });
}

std::vector<std::string> DataDirectory::unnamed_blocks() const {
  std::vector<std::string> out;
  if (!catalog.ok()) return out;
  std::set<std::string> named;
  for (const BlockMeta& meta : catalog->blocks) named.insert(block_key(meta.id));
  for (const std::string& key : keys) {
    if (key.ends_with(".nlb") && !named.contains(key)) out.push_back(key);
  }
  return out;
}

Result<std::unique_ptr<DataDirectory>> open_data_directory(FileSystem& files, const std::string& path,
                                                           DirectoryUse use) {
  auto names = files.list(path);
  if (!names.ok()) return std::move(names).error();
  auto there = [&](std::string_view name) { return std::find(names->begin(), names->end(), name) != names->end(); };
  if (!there(kBlocksDirectory)) {
    return Error{Code::kNotFound, path + " is not a data directory of this store: it has no directory \"" +
                                      std::string(kBlocksDirectory) + "\""};
  }
  auto out = std::unique_ptr<DataDirectory>(new DataDirectory{files, path, nullptr, nullptr, {}, CatalogState()});
  if (use == DirectoryUse::kRepair || there(kLockFile)) {
    NIGHTLIGHT_ASSIGN(lock, files.lock(path + "/" + std::string(kLockFile)));
    out->lock = std::move(lock);
  }
  const std::string blocks = path + "/" + std::string(kBlocksDirectory);
  NIGHTLIGHT_ASSIGN(bucket, use == DirectoryUse::kRepair ? open_local_bucket(files, blocks)
                                                         : open_local_bucket_read_only(files, blocks));
  out->bucket = std::move(bucket);
  NIGHTLIGHT_ASSIGN(keys, out->bucket->list(""));
  out->keys = std::move(keys);
  out->catalog = read_catalog(*out->bucket);
  return out;
}

std::shared_ptr<const BucketObject> watched(std::shared_ptr<const BucketObject> object, ByteProgress& progress) {
  return std::make_shared<WatchedObject>(std::move(object), progress);
}

}  // namespace nightlight::gorilla
