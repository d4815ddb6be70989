// The files under the store: everything that reads or writes a disk goes through these two interfaces, so that tests
// can put a simulated disk in their place (simulated.h) and fail any operation.
//
// Errors carry the path and the system's text. kNotFound, kAlreadyExists, kPermissionDenied and kResourceExhausted (no
// space left) are told apart; every other failure is kUnavailable. After a failed sync() the state of the file on disk
// is unknown: do not sync again, write another file.
#ifndef NIGHTLIGHT_GORILLA_FILE_FILE_SYSTEM_H_
#define NIGHTLIGHT_GORILLA_FILE_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nightlight::gorilla {

// An open file; closed by its destructor. pread may be called by several threads at once, everything else by one.
class File {
 public:
  virtual ~File() = default;

  // Reads up to `size` bytes at `offset`; less only at the end of the file.
  virtual Result<size_t> pread(uint64_t offset, void* out, size_t size) = 0;
  // Writes all of `size` bytes at `offset`, extending the file when needed.
  virtual Result<void> pwrite(uint64_t offset, const void* data, size_t size) = 0;
  // Writes at the end, as this handle knows it: the size at open plus what it appended or wrote.
  virtual Result<void> append(const void* data, size_t size) = 0;
  // Returns when everything written is durable (fdatasync).
  virtual Result<void> sync() = 0;
  // Makes the file at least `size` bytes long, new bytes zero, with its space reserved.
  virtual Result<void> preallocate(uint64_t size) = 0;
  virtual Result<void> truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
  // Behind it is nothing but space that was reserved and never written, and reads as zeros. The size, where that is not
  // known.
  virtual Result<uint64_t> written_end() = 0;
};

enum class OpenMode {
  kRead,       // The file must exist.
  kReadWrite,  // The file must exist.
  kCreate,     // The file must not exist.
  kTruncate,   // Created, or emptied when it exists.
};

// Held until it is destroyed, or the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// [any] thread for all methods.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
  // Makes the directory and its parents; existing ones are fine. Parents of new directories are synced.
  virtual Result<void> create_directories(std::string_view path) = 0;
  // Fails with kAlreadyExists instead of replacing `to`. Durable after sync_directory of the parents.
  virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  // Replaces `to` when it exists, atomically.
  virtual Result<void> rename_replacing(std::string_view from, std::string_view to) = 0;
  // A hard link; kAlreadyExists when `to` is there.
  virtual Result<void> link(std::string_view from, std::string_view to) = 0;
  // Names (not paths) in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(std::string_view path) = 0;
  // A file or an empty directory.
  virtual Result<void> remove(std::string_view path) = 0;
  // A directory's entries (creations, renames, removals) are durable when this returns.
  virtual Result<void> sync_directory(std::string_view path) = 0;
  virtual Result<uint64_t> size(std::string_view path) = 0;
  virtual Result<bool> exists(std::string_view path) = 0;
  // Takes a lock on a file, made when missing, against other processes and other takers in this one.
  // kFailedPrecondition when it is taken.
  virtual Result<std::unique_ptr<FileLock>> lock(std::string_view path) = 0;
  // Bytes that this process may still write on the file system of `path`.
  virtual Result<uint64_t> free_space(std::string_view path) = 0;
  // Bytes that this file system has, free or not.
  virtual Result<uint64_t> total_space(std::string_view path) = 0;
};

// The real one, of the operating system. Lives as long as the process.
FileSystem& posix_file_system();

// The directory of a path: "a/b/c" -> "a/b", "c" -> ".".
std::string parent_path(std::string_view path);

// Reads a whole file of at most `limit` bytes; kResourceExhausted when it is longer.
Result<std::string> read_file(FileSystem& files, std::string_view path, uint64_t limit);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_FILE_FILE_SYSTEM_H_
