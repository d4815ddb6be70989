// Objects as files: written under a temporary name, synced, renamed into place, and the directory synced.
#include <algorithm>

#include "base/crc32c.h"
#include "base/mutex.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/file/file_system.h"

namespace nightlight::gorilla {
namespace {

// Temporary names begin with a dot, which no key component may.
constexpr std::string_view kTemporary = ".upload-";
constexpr size_t kBuffer = size_t{1} << 18;

bool valid_component(std::string_view part) {
  return !part.empty() && part.front() != '.' && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<void> check_key(std::string_view key) {
  for (size_t at = 0; at <= key.size();) {
    size_t end = std::min(key.find('/', at), key.size());
    if (!valid_component(key.substr(at, end - at)))
      return Error{Code::kInvalidArgument, "not an object key: \"" + std::string(key.substr(0, 200)) + "\""};
    at = end + 1;
  }
  return {};
}

class LocalObject final : public BucketObject {
 public:
  LocalObject(std::string key, std::unique_ptr<File> file, uint64_t size)
      : key_(std::move(key)), file_(std::move(file)), size_(size) {}

  const std::string& key() const override { return key_; }
  uint64_t size_bytes() const override { return size_; }
  Result<void> read(uint64_t offset, void* out, size_t size) const override {
    NIGHTLIGHT_ASSIGN(got, file_->pread(offset, out, size));
    if (got == size) return {};
    return Error{Code::kDataLoss, key_ + " ends at " + std::to_string(offset + got) + ", wanted " +
                                      std::to_string(size) + " bytes at " + std::to_string(offset)};
  }

 private:
  std::string key_;
  std::unique_ptr<File> file_;
  uint64_t size_;
};

class LocalBucket final : public Bucket {
 public:
  LocalBucket(FileSystem& files, std::string directory, bool read_only)
      : files_(files), directory_(std::move(directory)), read_only_(read_only) {}

  // Deletes what unfinished uploads left.
  Result<void> clean(const std::string& directory) {
    NIGHTLIGHT_ASSIGN(names, files_.list(directory));
    for (const std::string& name : names) {
      if (name.starts_with(kTemporary)) NIGHTLIGHT_TRY(files_.remove(directory + "/" + name));
    }
    return {};
  }

  Result<std::unique_ptr<BucketUpload>> put(std::string_view key, const PutCondition& condition) override;

  Result<std::shared_ptr<const BucketObject>> open(std::string_view key) override {
    NIGHTLIGHT_TRY(check_key(key));
    NIGHTLIGHT_ASSIGN(file, files_.open(path_of(key), OpenMode::kRead));
    NIGHTLIGHT_ASSIGN(size, file->size());
    return std::shared_ptr<const BucketObject>(std::make_shared<LocalObject>(std::string(key), std::move(file), size));
  }

  Result<ObjectHead> head(std::string_view key) override {
    NIGHTLIGHT_ASSIGN(object, open(key));
    NIGHTLIGHT_ASSIGN(tag, tag_of(*object));
    return ObjectHead{object->size_bytes(), std::move(tag)};
  }

  Result<std::vector<std::string>> list(std::string_view prefix) override {
    std::vector<std::string> keys;
    NIGHTLIGHT_TRY(list_below("", prefix, keys));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  Result<void> remove(std::string_view key) override {
    NIGHTLIGHT_TRY(check_key(key));
    NIGHTLIGHT_TRY(check_writable());
    MutexLock lock(mutex_);
    return files_.remove(path_of(key));
  }

  std::string path_of(std::string_view key) const { return directory_ + "/" + std::string(key); }
  std::string temporary_path() {
    MutexLock lock(mutex_);
    return directory_ + "/" + std::string(kTemporary) + std::to_string(++uploads_);
  }

  // Makes a written and synced file the object.
  Result<void> publish(const std::string& temporary, const std::string& key, const PutCondition& condition) {
    std::string path = path_of(key);
    std::string parent = parent_path(path);
    MutexLock lock(mutex_);
    NIGHTLIGHT_TRY(files_.create_directories(parent));
    switch (condition.kind) {
      case PutCondition::Kind::kAbsent:
        NIGHTLIGHT_TRY(files_.rename(temporary, path));
        break;
      case PutCondition::Kind::kMatch: {
        auto now = head(key);
        if (!now.ok() || now->tag != condition.tag)
          return Error{Code::kFailedPrecondition, "object " + key + " is not the one that was expected"};
        NIGHTLIGHT_TRY(files_.rename_replacing(temporary, path));
        break;
      }
      case PutCondition::Kind::kNone:
        NIGHTLIGHT_TRY(files_.rename_replacing(temporary, path));
        break;
    }
    return files_.sync_directory(parent);
  }

  FileSystem& files() { return files_; }
  Result<void> check_writable() const {
    if (!read_only_) return {};
    return Error{Code::kPermissionDenied, directory_ + " is open for looking only"};
  }

 private:
  // Size and checksum: small objects alone are replaced and compared.
  static Result<std::string> tag_of(const BucketObject& object) {
    uint32_t crc = 0;
    std::string buffer(kBuffer, '\0');
    for (uint64_t at = 0; at < object.size_bytes(); at += kBuffer) {
      size_t size = std::min<uint64_t>(kBuffer, object.size_bytes() - at);
      NIGHTLIGHT_TRY(object.read(at, buffer.data(), size));
      crc = crc32c(buffer.data(), size, crc);
    }
    return std::to_string(object.size_bytes()) + "-" + std::to_string(crc);
  }

  Result<void> list_below(const std::string& key, std::string_view prefix, std::vector<std::string>& keys) {
    NIGHTLIGHT_ASSIGN(names, files_.list(key.empty() ? directory_ : path_of(key)));
    for (const std::string& name : names) {
      if (!valid_component(name)) continue;
      std::string below = key.empty() ? name : key + "/" + name;
      size_t common = std::min(below.size(), prefix.size());
      if (below.compare(0, common, prefix, 0, common) != 0) continue;
      if (auto listed = list_below(below, prefix, keys); listed.ok()) continue;  // A directory.
      if (below.starts_with(prefix)) keys.push_back(below);
    }
    return {};
  }

  FileSystem& files_;
  std::string directory_;
  const bool read_only_;
  Mutex mutex_;  // Makes the check of a condition and its put one step.
  uint64_t uploads_ GUARDED_BY(mutex_) = 0;
};

class LocalUpload final : public BucketUpload {
 public:
  LocalUpload(LocalBucket& bucket, std::string key, PutCondition condition, std::string temporary,
              std::unique_ptr<File> file)
      : bucket_(bucket),
        key_(std::move(key)),
        condition_(std::move(condition)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}

  ~LocalUpload() override {
    file_.reset();
    // What cannot be removed now is removed when the bucket is opened again.
    if (!temporary_.empty()) static_cast<void>(bucket_.files().remove(temporary_).ok());
  }

  Result<void> append(const void* data, size_t size) override {
    if (failed_) return Error{Code::kFailedPrecondition, "upload of " + key_ + " failed before"};
    crc_ = crc32c(data, size, crc_);
    size_ += size;
    buffer_.append(static_cast<const char*>(data), size);
    return buffer_.size() < kBuffer ? Result<void>() : flush();
  }

  Result<std::string> commit() override {
    NIGHTLIGHT_TRY(flush());
    failed_ = true;  // Whatever happens now, this upload is over.
    NIGHTLIGHT_TRY(file_->sync());
    NIGHTLIGHT_TRY(bucket_.publish(temporary_, key_, condition_));
    temporary_.clear();
    return std::to_string(size_) + "-" + std::to_string(crc_);
  }

 private:
  Result<void> flush() {
    if (failed_) return Error{Code::kFailedPrecondition, "upload of " + key_ + " failed before"};
    auto written = file_->append(buffer_.data(), buffer_.size());
    failed_ = !written.ok();
    buffer_.clear();
    return written;
  }

  LocalBucket& bucket_;
  std::string key_;
  PutCondition condition_;
  std::string temporary_;
  std::unique_ptr<File> file_;
  std::string buffer_;
  uint32_t crc_ = 0;
  uint64_t size_ = 0;
  bool failed_ = false;
};

Result<std::unique_ptr<BucketUpload>> LocalBucket::put(std::string_view key, const PutCondition& condition) {
  NIGHTLIGHT_TRY(check_key(key));
  NIGHTLIGHT_TRY(check_writable());
  if (condition.kind == PutCondition::Kind::kAbsent) {
    // Early, so that nobody writes gigabytes in vain; publish() decides.
    NIGHTLIGHT_ASSIGN(there, files_.exists(path_of(key)));
    if (there) return Error{Code::kAlreadyExists, "object " + std::string(key) + " exists already"};
  }
  std::string temporary = temporary_path();
  NIGHTLIGHT_ASSIGN(file, files_.open(temporary, OpenMode::kTruncate));
  return std::unique_ptr<BucketUpload>(
      std::make_unique<LocalUpload>(*this, std::string(key), condition, std::move(temporary), std::move(file)));
}

}  // namespace

Result<std::unique_ptr<Bucket>> open_local_bucket(FileSystem& files, std::string directory) {
  NIGHTLIGHT_TRY(files.create_directories(directory));
  auto bucket = std::make_unique<LocalBucket>(files, directory, false);
  // The process before may have renamed something and died, or failed, before the name was durable. What depends on
  // what is read now (the deletion of what a catalog does not name, say) must not reach the disk without it.
  NIGHTLIGHT_TRY(files.sync_directory(directory));
  NIGHTLIGHT_TRY(bucket->clean(directory));
  return std::unique_ptr<Bucket>(std::move(bucket));
}

Result<std::unique_ptr<Bucket>> open_local_bucket_read_only(FileSystem& files, std::string directory) {
  NIGHTLIGHT_TRY(files.list(directory));
  return std::unique_ptr<Bucket>(std::make_unique<LocalBucket>(files, std::move(directory), true));
}

}  // namespace nightlight::gorilla
