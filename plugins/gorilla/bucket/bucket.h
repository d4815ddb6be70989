// Where immutable objects live: a directory on a local disk, or an object store. No renames, no appends, no
// directories: an object is put whole, found by its key, and read in ranges.
//
// Keys are relative, "/" separated, of [A-Za-z0-9._-] components that do not begin with a dot.
#ifndef NIGHTLIGHT_GORILLA_BUCKET_BUCKET_H_
#define NIGHTLIGHT_GORILLA_BUCKET_BUCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nightlight::gorilla {

class FileSystem;

// Under what condition a put takes effect. kFailedPrecondition when an expected tag is not there any more,
// kAlreadyExists when an object is that should be absent.
struct PutCondition {
  enum class Kind { kNone, kAbsent, kMatch };
  Kind kind = Kind::kNone;
  std::string tag;  // For kMatch.

  static PutCondition none() { return {}; }
  static PutCondition absent() { return {Kind::kAbsent, {}}; }
  static PutCondition match(std::string tag) { return {Kind::kMatch, std::move(tag)}; }
};

struct ObjectHead {
  uint64_t size_bytes = 0;
  std::string tag;  // Changes whenever the object's content does.
};

// An object opened for reading; stays readable while open, even when it is deleted meanwhile. [any] thread.
class BucketObject {
 public:
  virtual ~BucketObject() = default;
  virtual const std::string& key() const = 0;
  virtual uint64_t size_bytes() const = 0;
  // All of [offset, offset + size); kDataLoss when the object is shorter.
  virtual Result<void> read(uint64_t offset, void* out, size_t size) const = 0;
};

// An object being put, in pieces. Without commit() nothing is left of it. One thread at a time.
class BucketUpload {
 public:
  virtual ~BucketUpload() = default;
  virtual Result<void> append(const void* data, size_t size) = 0;
  // Durable and visible when it returns. Answers the tag. Once.
  virtual Result<std::string> commit() = 0;
};

// [any] thread for all methods.
class Bucket {
 public:
  virtual ~Bucket() = default;

  virtual Result<std::unique_ptr<BucketUpload>> put(std::string_view key, const PutCondition& condition) = 0;
  virtual Result<std::shared_ptr<const BucketObject>> open(std::string_view key) = 0;
  virtual Result<ObjectHead> head(std::string_view key) = 0;
  // Keys that begin with `prefix`, in byte order. Uploads that were not committed are not listed.
  virtual Result<std::vector<std::string>> list(std::string_view prefix) = 0;
  // kNotFound when there is none. After a power cut the object may be there again.
  virtual Result<void> remove(std::string_view key) = 0;

  // The whole of a small object in one call.
  Result<std::string> put_all(std::string_view key, std::string_view data, const PutCondition& condition);
  // kResourceExhausted when the object is larger than `limit`.
  Result<std::string> get_all(std::string_view key, uint64_t limit);
};

// Objects as files below `directory` (made when missing). Removes what unfinished uploads left; what is there is
// durable. `files` must outlive it. One process at a time: conditions are checked under a lock inside.
Result<std::unique_ptr<Bucket>> open_local_bucket(FileSystem& files, std::string directory);
// The same for looking only: nothing is made, removed or put (kPermissionDenied).
Result<std::unique_ptr<Bucket>> open_local_bucket_read_only(FileSystem& files, std::string directory);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BUCKET_BUCKET_H_
