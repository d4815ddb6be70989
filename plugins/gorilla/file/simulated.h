// A disk in memory for tests: it forgets what was not synced, and fails when told to.
//
// Each file has the image that the process sees and the writes since its last sync; each directory the entries that are
// seen and those that are durable. crash() keeps what is durable, plus a random subset of the rest: whole 512-byte
// sectors of unsynced writes (the others keep their old bytes), and each unsynced creation, renaming or removal or not:
// as a whole, and none of a name without those of that name before it, as file systems with a journal do.
//
// A sync that fails has written a random subset, too, and what it has not written counts as written all the same, as on
// Linux: it is seen, but no later sync writes it. Only who writes those bytes again gets them to the disk.
#ifndef NIGHTLIGHT_GORILLA_FILE_SIMULATED_H_
#define NIGHTLIGHT_GORILLA_FILE_SIMULATED_H_

#include <functional>
#include <map>
#include <random>

#include "base/mutex.h"
#include "gorilla/file/file_system.h"

namespace nightlight::gorilla {

class SimulatedFileSystem final : public FileSystem {
 public:
  explicit SimulatedFileSystem(uint64_t seed);
  ~SimulatedFileSystem() override;

  // Loses power. Open files of before fail from then on.
  void crash();
  // The n-th operation from now on (1: the next) that changes something or syncs, and `count` - 1 after it, fail with
  // `code`. A failing write may leave a part of its bytes.
  void fail_at(uint64_t n, Code code, uint64_t count = 1);
  // As fail_at, but every operation from the n-th on fails: the moment of a crash. crash() and go_on() end it.
  void halt_at(uint64_t n);
  // No operation fails any more: the process that was halted is gone, and the machine is still there.
  void go_on();
  // Forgets what is only seen: bytes that count as written are read from the disk again, and may be older.
  void drop_caches();
  // Operations so far that fail_at counts.
  uint64_t operations() const;
  // From now on the files have so many bytes together at most: what would need more fails with kResourceExhausted, and
  // may leave a part of it behind.
  void set_capacity(uint64_t size_bytes);
  // Changes a file behind everybody's back.
  Result<void> damage(std::string_view path, const std::function<void(std::string&)>& change);

  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;
  Result<void> create_directories(std::string_view path) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> rename_replacing(std::string_view from, std::string_view to) override;
  Result<void> link(std::string_view from, std::string_view to) override;
  Result<std::vector<std::string>> list(std::string_view path) override;
  Result<void> remove(std::string_view path) override;
  Result<void> sync_directory(std::string_view path) override;
  Result<uint64_t> size(std::string_view path) override;
  Result<bool> exists(std::string_view path) override;
  Result<std::unique_ptr<FileLock>> lock(std::string_view path) override;
  Result<uint64_t> free_space(std::string_view path) override;
  Result<uint64_t> total_space(std::string_view path) override;

 private:
  struct Inode;
  class OpenFile;
  // The inode behind a path; null: a directory.
  using Entries = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

  // What happened to the entries of directories since they were synced.
  struct EntryChange {
    std::string from;  // "" of a creation.
    std::string to;    // "" of a removal.
    std::shared_ptr<Inode> inode;
  };

  void apply(const EntryChange& change) REQUIRES(mutex_);
  Result<void> change(std::string_view what, std::string_view path) REQUIRES(mutex_);
  Result<void> move(std::string_view from, std::string_view to, bool replace);
  // Fails when a file of `from` bytes cannot become one of `to`.
  Result<void> grow(std::string_view what, std::string_view path, uint64_t from, uint64_t to) const REQUIRES(mutex_);
  uint64_t used() const REQUIRES(mutex_);
  bool parent_exists(std::string_view path) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  Entries seen_ GUARDED_BY(mutex_);  // By whole path.
  Entries durable_ GUARDED_BY(mutex_);
  std::vector<EntryChange> unsynced_ GUARDED_BY(mutex_);  // In order.
  uint64_t operations_ GUARDED_BY(mutex_) = 0;
  uint64_t fail_from_ GUARDED_BY(mutex_) = 0, fail_until_ GUARDED_BY(mutex_) = 0;
  Code fail_code_ GUARDED_BY(mutex_) = Code::kUnavailable;
  uint64_t capacity_ GUARDED_BY(mutex_) = UINT64_MAX;
  uint64_t epoch_ GUARDED_BY(mutex_) = 0;  // Counts crashes.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_FILE_SIMULATED_H_
