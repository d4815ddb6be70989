#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "gorilla/file/file_system.h"

namespace nightlight::gorilla {
namespace {

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return Code::kResourceExhausted;
    default:
      return Code::kUnavailable;
  }
}

Error failure(const char* what, std::string_view path, int error = errno) {
  std::string message = std::string(what) + " " + std::string(path) + ": " + std::generic_category().message(error);
  return Error{code_of(error), std::move(message)};
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}
  ~PosixLock() override { ::close(fd_); }

 private:
  const int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path, uint64_t end) : fd_(fd), path_(std::move(path)), end_(end) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<size_t> pread(uint64_t offset, void* out, size_t size) override {
    size_t done = 0;
    while (done < size) {
      ssize_t got = ::pread(fd_, static_cast<char*>(out) + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure("cannot read", path_);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Result<void> pwrite(uint64_t offset, const void* data, size_t size) override {
    size_t done = 0;
    while (done < size) {
      ssize_t put =
          ::pwrite(fd_, static_cast<const char*>(data) + done, size - done, static_cast<off_t>(offset + done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failure("cannot write", path_);
      if (put == 0) return failure("cannot write", path_, ENOSPC);
      done += static_cast<size_t>(put);
    }
    end_ = std::max(end_, offset + size);
    return {};
  }

  Result<void> append(const void* data, size_t size) override { return pwrite(end_, data, size); }

  Result<void> sync() override {
    if (::fdatasync(fd_) != 0) return failure("cannot sync", path_);
    return {};
  }

  Result<void> preallocate(uint64_t size) override {
    int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    if (error != 0) return failure("cannot reserve space for", path_, error);
    end_ = std::max(end_, size);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return failure("cannot truncate", path_);
    end_ = size;
    return {};
  }

  Result<uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return failure("cannot stat", path_);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<uint64_t> written_end() override {
    off_t end = 0;
    while (true) {
      const off_t data = ::lseek(fd_, end, SEEK_DATA);
      if (data < 0 && errno == ENXIO) return static_cast<uint64_t>(end);
      if (data < 0) return size();
      end = ::lseek(fd_, data, SEEK_HOLE);
      if (end < 0) return size();
    }
  }

 private:
  int fd_;
  std::string path_;
  uint64_t end_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override {
    std::string name(path);
    int fd = -1;
    do {
      fd = ::open(name.c_str(), flags_of(mode) | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return failure("cannot open", path);
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
      int error = errno;
      ::close(fd);
      return failure("cannot stat", path, error);
    }
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, std::move(name), static_cast<uint64_t>(info.st_size)));
  }

  Result<void> create_directories(std::string_view path) override {
    std::string name(path);
    if (::mkdir(name.c_str(), 0755) == 0) return sync_directory(parent_path(path));
    if (errno == EEXIST) {
      struct stat info {};
      if (::stat(name.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
      return failure("cannot make directory", path, ENOTDIR);
    }
    if (errno != ENOENT || path.find('/') == std::string_view::npos) return failure("cannot make directory", path);
    NIGHTLIGHT_TRY(create_directories(parent_path(path)));
    if (::mkdir(name.c_str(), 0755) != 0 && errno != EEXIST) return failure("cannot make directory", path);
    return sync_directory(parent_path(path));
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    std::string source(from), target(to);
    if (::renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return failure("cannot rename to", to);
    // File systems without the flag: a hard link refuses an existing target, too.
    if (::link(source.c_str(), target.c_str()) != 0) return failure("cannot rename to", to);
    if (::unlink(source.c_str()) != 0) return failure("cannot remove", from);
    return {};
  }

  Result<void> rename_replacing(std::string_view from, std::string_view to) override {
    if (::rename(std::string(from).c_str(), std::string(to).c_str()) != 0) return failure("cannot rename to", to);
    return {};
  }

  Result<void> link(std::string_view from, std::string_view to) override {
    if (::link(std::string(from).c_str(), std::string(to).c_str()) != 0) return failure("cannot link to", to);
    return {};
  }

  Result<std::vector<std::string>> list(std::string_view path) override {
    DIR* directory = ::opendir(std::string(path).c_str());
    if (directory == nullptr) return failure("cannot list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    int error = errno;
    ::closedir(directory);
    if (error != 0) return failure("cannot list", path, error);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> remove(std::string_view path) override {
    if (std::remove(std::string(path).c_str()) != 0) return failure("cannot remove", path);
    return {};
  }

  Result<void> sync_directory(std::string_view path) override {
    int fd = ::open(std::string(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure("cannot open directory", path);
    int outcome = ::fsync(fd);
    int error = errno;
    ::close(fd);
    if (outcome != 0) return failure("cannot sync directory", path, error);
    return {};
  }

  Result<uint64_t> size(std::string_view path) override {
    struct stat info {};
    if (::stat(std::string(path).c_str(), &info) != 0) return failure("cannot stat", path);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<bool> exists(std::string_view path) override {
    struct stat info {};
    if (::lstat(std::string(path).c_str(), &info) == 0) return true;
    if (code_of(errno) == Code::kNotFound) return false;
    return failure("cannot stat", path);
  }

  Result<std::unique_ptr<FileLock>> lock(std::string_view path) override {
    int fd = ::open(std::string(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return failure("cannot open", path);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      int error = errno;
      ::close(fd);
      if (error == EWOULDBLOCK)
        return Error{Code::kFailedPrecondition,
                     std::string(path) + " is held by another process: is a server running?"};
      errno = error;
      return failure("cannot lock", path);
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(fd));
  }

  Result<uint64_t> free_space(std::string_view path) override {
    struct statvfs info {};
    if (::statvfs(std::string(path).c_str(), &info) != 0) return failure("cannot stat the file system of", path);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<uint64_t> total_space(std::string_view path) override {
    struct statvfs info {};
    if (::statvfs(std::string(path).c_str(), &info) != 0) return failure("cannot stat the file system of", path);
    return static_cast<uint64_t>(info.f_blocks) * info.f_frsize;
  }

 private:
  static int flags_of(OpenMode mode) {
    switch (mode) {
      case OpenMode::kRead:
        return O_RDONLY;
      case OpenMode::kReadWrite:
        return O_RDWR;
      case OpenMode::kCreate:
        return O_RDWR | O_CREAT | O_EXCL;
      case OpenMode::kTruncate:
        return O_RDWR | O_CREAT | O_TRUNC;
    }
    return O_RDONLY;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

std::string parent_path(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

Result<std::string> read_file(FileSystem& files, std::string_view path, uint64_t limit) {
  NIGHTLIGHT_ASSIGN(file, files.open(path, OpenMode::kRead));
  NIGHTLIGHT_ASSIGN(size, file->size());
  if (size > limit) {
    return Error{Code::kResourceExhausted, std::string(path) + " has " + std::to_string(size) +
                                               " bytes, more than the limit of " + std::to_string(limit)};
  }
  std::string content(size, '\0');
  NIGHTLIGHT_ASSIGN(got, file->pread(0, content.data(), content.size()));
  content.resize(got);
  return content;
}

}  // namespace nightlight::gorilla
