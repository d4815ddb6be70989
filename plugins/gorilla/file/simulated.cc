#include "gorilla/file/simulated.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kSector = 512;
// What a disk without an end says.
constexpr uint64_t kUnboundedSpace = uint64_t{1} << 40;

Error failure(Code code, std::string_view what, std::string_view path, std::string_view why) {
  return Error{code, std::string(what) + " " + std::string(path) + ": " + std::string(why)};
}

}  // namespace

struct SimulatedFileSystem::Inode {
  std::string seen;            // What the process reads.
  std::string durable;         // What survives a crash for sure.
  std::set<uint64_t> pending;  // Sectors of `seen` that are not durable.

  void write(uint64_t offset, const void* data, size_t size) {
    if (offset + size > seen.size()) seen.resize(offset + size);
    std::memcpy(seen.data() + offset, data, size);
    touch(offset, offset + size);
  }
  void touch(uint64_t from, uint64_t to) {
    for (uint64_t sector = from / kSector; sector * kSector < to; ++sector) pending.insert(sector);
  }
  // Nothing is pending any more; what was is durable where `lucky` says so.
  template <class Lucky>
  void write_back(Lucky lucky) {
    for (uint64_t sector : pending) {
      const uint64_t from = sector * kSector, to = std::min<uint64_t>(from + kSector, seen.size());
      if (from >= to || !lucky()) continue;
      if (durable.size() < to) durable.resize(to);
      std::memcpy(durable.data() + from, seen.data() + from, to - from);
    }
    pending.clear();
  }
};

class SimulatedFileSystem::OpenFile final : public File {
 public:
  OpenFile(SimulatedFileSystem& files, std::shared_ptr<Inode> inode, std::string path, uint64_t epoch)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)), epoch_(epoch), end_(inode_->seen.size()) {}

  Result<size_t> pread(uint64_t offset, void* out, size_t size) override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    const std::string& seen = inode_->seen;
    if (offset >= seen.size()) return size_t{0};
    size_t got = std::min<size_t>(size, seen.size() - offset);
    std::memcpy(out, seen.data() + offset, got);
    return got;
  }

  Result<void> pwrite(uint64_t offset, const void* data, size_t size) override {
    MutexLock lock(files_.mutex_);
    return write(offset, data, size);
  }

  Result<void> append(const void* data, size_t size) override {
    MutexLock lock(files_.mutex_);
    return write(end_, data, size);
  }

  Result<void> sync() override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    auto failed = files_.change("cannot sync", path_);
    inode_->write_back([&] { return failed.ok() || files_.random_() % 2 == 0; });
    if (failed.ok()) inode_->durable.resize(inode_->seen.size());
    return failed;
  }

  Result<void> preallocate(uint64_t size) override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    NIGHTLIGHT_TRY(files_.change("cannot reserve space for", path_));
    if (auto room = files_.grow("cannot reserve space for", path_, inode_->seen.size(), size); !room.ok()) {
      inode_->seen.resize(inode_->seen.size() + files_.capacity_ - std::min(files_.capacity_, files_.used()));
      return room;
    }
    if (inode_->seen.size() < size) {
      inode_->touch(inode_->seen.size(), size);
      inode_->seen.resize(size);
    }
    end_ = std::max(end_, size);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    NIGHTLIGHT_TRY(files_.change("cannot truncate", path_));
    inode_->seen.resize(size);
    inode_->touch(size == 0 ? 0 : size - 1, size);
    end_ = size;
    return {};
  }

  Result<uint64_t> size() override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    return uint64_t{inode_->seen.size()};
  }

  // As if all pages of zeros at the end had never been written.
  Result<uint64_t> written_end() override {
    MutexLock lock(files_.mutex_);
    NIGHTLIGHT_TRY(alive());
    constexpr size_t kPage = 4096;
    const size_t last = inode_->seen.find_last_not_of('\0');
    if (last == std::string::npos) return uint64_t{0};
    return uint64_t{std::min(inode_->seen.size(), (last / kPage + 1) * kPage)};
  }

 private:
  Result<void> alive() const REQUIRES(files_.mutex_) {
    if (files_.epoch_ != epoch_) return failure(Code::kUnavailable, "cannot use", path_, "opened before the crash");
    return {};
  }
  Result<void> write(uint64_t offset, const void* data, size_t size) REQUIRES(files_.mutex_) {
    NIGHTLIGHT_TRY(alive());
    auto failed = files_.change("cannot write", path_);
    if (failed.ok()) failed = files_.grow("cannot write", path_, inode_->seen.size(), offset + size);
    if (!failed.ok()) {
      const uint64_t room =
          files_.capacity_ == UINT64_MAX ? size : files_.capacity_ - std::min(files_.capacity_, files_.used());
      if (size > 0)
        inode_->write(offset, data, files_.random_() % std::max<uint64_t>(1, std::min<uint64_t>(size, room)));
      return std::move(failed).error();
    }
    inode_->write(offset, data, size);
    end_ = std::max(end_, offset + size);
    return {};
  }

  SimulatedFileSystem& files_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  uint64_t epoch_;
  uint64_t end_;
};

SimulatedFileSystem::SimulatedFileSystem(uint64_t seed) : random_(seed) {
  for (const char* root : {"/", "."}) {
    seen_[root] = nullptr;
    durable_[root] = nullptr;
  }
}

SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::crash() {
  MutexLock lock(mutex_);
  ++epoch_;
  fail_from_ = fail_until_ = 0;
  // Entries first: each change may or may not have reached the disk.
  std::set<std::string> lost;  // Names with a change that did not.
  for (const EntryChange& change : unsynced_) {
    if (random_() % 2 == 0 || lost.contains(change.from) || lost.contains(change.to)) {
      for (const std::string* name : {&change.from, &change.to})
        if (!name->empty()) lost.insert(*name);
    } else {
      apply(change);
    }
  }
  unsynced_.clear();
  std::set<Inode*> inodes;
  for (const auto& [path, inode] : durable_)
    if (inode != nullptr) inodes.insert(inode.get());
  for (Inode* inode : inodes) {
    if (random_() % 2 == 0) inode->durable.resize(inode->seen.size());
    inode->write_back([&] { return random_() % 2 != 0; });
    inode->seen = inode->durable;
  }
  seen_ = durable_;
}

void SimulatedFileSystem::apply(const EntryChange& change) {
  if (!change.from.empty()) durable_.erase(change.from);
  if (!change.to.empty()) durable_[change.to] = change.inode;
}

void SimulatedFileSystem::go_on() {
  MutexLock lock(mutex_);
  fail_from_ = fail_until_ = 0;
}

void SimulatedFileSystem::drop_caches() {
  MutexLock lock(mutex_);
  for (const auto& [path, inode] : seen_) {
    if (inode == nullptr) continue;
    std::string read = inode->durable;
    read.resize(inode->seen.size());
    for (uint64_t sector : inode->pending) {
      const uint64_t from = sector * kSector, to = std::min<uint64_t>(from + kSector, read.size());
      if (from < to) std::memcpy(read.data() + from, inode->seen.data() + from, to - from);
    }
    inode->seen = std::move(read);
  }
}

void SimulatedFileSystem::fail_at(uint64_t n, Code code, uint64_t count) {
  MutexLock lock(mutex_);
  fail_from_ = operations_ + n;
  fail_until_ = fail_from_ + count;
  fail_code_ = code;
}

void SimulatedFileSystem::halt_at(uint64_t n) {
  MutexLock lock(mutex_);
  fail_from_ = operations_ + n;
  fail_until_ = std::numeric_limits<uint64_t>::max();
  fail_code_ = Code::kUnavailable;
}

uint64_t SimulatedFileSystem::operations() const {
  MutexLock lock(mutex_);
  return operations_;
}

void SimulatedFileSystem::set_capacity(uint64_t size_bytes) {
  MutexLock lock(mutex_);
  capacity_ = size_bytes;
}

uint64_t SimulatedFileSystem::used() const {
  std::set<const Inode*> counted;
  uint64_t out = 0;
  for (const auto& [path, inode] : seen_)
    if (inode != nullptr && counted.insert(inode.get()).second) out += inode->seen.size();
  return out;
}

Result<void> SimulatedFileSystem::grow(std::string_view what, std::string_view path, uint64_t from, uint64_t to) const {
  if (capacity_ == UINT64_MAX || to <= from || used() + (to - from) <= capacity_) return {};
  return failure(Code::kResourceExhausted, what, path, "no space left");
}

Result<void> SimulatedFileSystem::damage(std::string_view path, const std::function<void(std::string&)>& edit) {
  MutexLock lock(mutex_);
  auto found = seen_.find(path);
  if (found == seen_.end() || found->second == nullptr)
    return failure(Code::kNotFound, "cannot damage", path, "no such file");
  edit(found->second->seen);
  found->second->durable = found->second->seen;
  return {};
}

Result<void> SimulatedFileSystem::change(std::string_view what, std::string_view path) {
  ++operations_;
  if (operations_ >= fail_from_ && operations_ < fail_until_)
    return failure(fail_code_, what, path, "injected failure");
  return {};
}

bool SimulatedFileSystem::parent_exists(std::string_view path) const {
  auto found = seen_.find(parent_path(path));
  return found != seen_.end() && found->second == nullptr;
}

Result<std::unique_ptr<File>> SimulatedFileSystem::open(std::string_view path, OpenMode mode) {
  MutexLock lock(mutex_);
  auto found = seen_.find(path);
  bool create = mode == OpenMode::kCreate || mode == OpenMode::kTruncate;
  if (found != seen_.end() && found->second == nullptr)
    return failure(Code::kUnavailable, "cannot open", path, "is a directory");
  if (found != seen_.end() && mode == OpenMode::kCreate)
    return failure(Code::kAlreadyExists, "cannot open", path, "file exists");
  if (found == seen_.end() && (!create || !parent_exists(path)))
    return failure(Code::kNotFound, "cannot open", path, "no such file or directory");
  if (create) {
    NIGHTLIGHT_TRY(change("cannot open", path));
    if (found == seen_.end()) {
      found = seen_.emplace(std::string(path), std::make_shared<Inode>()).first;
      unsynced_.push_back({"", found->first, found->second});
    } else {
      found->second->seen.clear();
    }
  }
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, found->second, std::string(path), epoch_));
}

Result<void> SimulatedFileSystem::create_directories(std::string_view path) {
  {
    MutexLock lock(mutex_);
    auto found = seen_.find(path);
    if (found != seen_.end() && found->second == nullptr) return {};
    if (found != seen_.end()) return failure(Code::kNotFound, "cannot make directory", path, "not a directory");
  }
  NIGHTLIGHT_TRY(create_directories(parent_path(path)));
  MutexLock lock(mutex_);
  NIGHTLIGHT_TRY(change("cannot make directory", path));
  std::erase_if(unsynced_, [&](const EntryChange& change) { return change.from == path; });  // Its removals.
  seen_[std::string(path)] = nullptr;
  durable_[std::string(path)] = nullptr;
  return {};
}

Result<void> SimulatedFileSystem::move(std::string_view from, std::string_view to, bool replace) {
  MutexLock lock(mutex_);
  auto source = seen_.find(from);
  if (source == seen_.end() || !parent_exists(to))
    return failure(Code::kNotFound, "cannot rename to", to, "no such file or directory");
  auto target = seen_.find(to);
  if (target != seen_.end() && !replace) return failure(Code::kAlreadyExists, "cannot rename to", to, "file exists");
  NIGHTLIGHT_TRY(change("cannot rename to", to));
  std::shared_ptr<Inode> inode = source->second;
  NIGHTLIGHT_CHECK(inode != nullptr, "the simulated disk renames files only");
  unsynced_.push_back({source->first, std::string(to), inode});
  seen_.erase(source);
  seen_[std::string(to)] = std::move(inode);
  return {};
}

Result<void> SimulatedFileSystem::rename(std::string_view from, std::string_view to) { return move(from, to, false); }

Result<void> SimulatedFileSystem::rename_replacing(std::string_view from, std::string_view to) {
  return move(from, to, true);
}

Result<void> SimulatedFileSystem::link(std::string_view from, std::string_view to) {
  MutexLock lock(mutex_);
  auto source = seen_.find(from);
  if (source == seen_.end() || !parent_exists(to))
    return failure(Code::kNotFound, "cannot link to", to, "no such file or directory");
  if (seen_.contains(to)) return failure(Code::kAlreadyExists, "cannot link to", to, "file exists");
  NIGHTLIGHT_TRY(change("cannot link to", to));
  unsynced_.push_back({"", std::string(to), source->second});
  seen_[std::string(to)] = source->second;
  return {};
}

Result<std::vector<std::string>> SimulatedFileSystem::list(std::string_view path) {
  MutexLock lock(mutex_);
  auto found = seen_.find(path);
  if (found == seen_.end() || found->second != nullptr)
    return failure(Code::kNotFound, "cannot list", path, "no such directory");
  std::vector<std::string> names;
  for (const auto& [name, inode] : seen_)
    if (name != path && parent_path(name) == path) names.push_back(name.substr(name.rfind('/') + 1));
  return names;
}

Result<void> SimulatedFileSystem::remove(std::string_view path) {
  MutexLock lock(mutex_);
  auto found = seen_.find(path);
  if (found == seen_.end()) return failure(Code::kNotFound, "cannot remove", path, "no such file or directory");
  if (found->second == nullptr && std::any_of(seen_.begin(), seen_.end(), [&](const auto& entry) {
        return entry.first != path && parent_path(entry.first) == path;
      }))
    return failure(Code::kAlreadyExists, "cannot remove", path, "directory not empty");
  NIGHTLIGHT_TRY(change("cannot remove", path));
  unsynced_.push_back({found->first, "", nullptr});
  seen_.erase(found);
  return {};
}

Result<void> SimulatedFileSystem::sync_directory(std::string_view path) {
  MutexLock lock(mutex_);
  NIGHTLIGHT_TRY(change("cannot sync directory", path));
  // What happened in the directory, and what that needs: changes elsewhere of the same names before.
  std::set<std::string> needed;
  std::vector<EntryChange> kept, done;
  for (auto at = unsynced_.rbegin(); at != unsynced_.rend(); ++at) {
    auto wanted = [&](const std::string& name) {
      return !name.empty() && (parent_path(name) == path || needed.contains(name));
    };
    const bool here = wanted(at->from) || wanted(at->to);
    if (here) needed.insert({at->from, at->to});
    (here ? done : kept).push_back(std::move(*at));
  }
  for (auto at = done.rbegin(); at != done.rend(); ++at) apply(*at);
  unsynced_.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  return {};
}

Result<uint64_t> SimulatedFileSystem::size(std::string_view path) {
  MutexLock lock(mutex_);
  auto found = seen_.find(path);
  if (found == seen_.end()) return failure(Code::kNotFound, "cannot stat", path, "no such file or directory");
  return uint64_t{found->second == nullptr ? 0 : found->second->seen.size()};
}

Result<bool> SimulatedFileSystem::exists(std::string_view path) {
  MutexLock lock(mutex_);
  return seen_.contains(path);
}

// Tests open a store twice only after its end.
Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(std::string_view) { return std::make_unique<FileLock>(); }

Result<uint64_t> SimulatedFileSystem::free_space(std::string_view) {
  MutexLock lock(mutex_);
  return capacity_ == UINT64_MAX ? kUnboundedSpace : capacity_ - std::min(capacity_, used());
}

Result<uint64_t> SimulatedFileSystem::total_space(std::string_view) {
  MutexLock lock(mutex_);
  return capacity_ == UINT64_MAX ? kUnboundedSpace : capacity_;
}

}  // namespace nightlight::gorilla
