#include "gorilla/file/disk_reserve.h"

#include <algorithm>

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kShareOfFree = 8;

}  // namespace

DiskReserve::DiskReserve(FileSystem& files, std::string path, uint64_t most)
    : files_(files), path_(std::move(path)), most_(most) {
  MutexLock lock(mutex_);
  Result<uint64_t> there = files_.size(path_);
  if (!there.ok()) return;
  held_ = *there;
  // A smaller one is wanted now.
  if (*there > most_ || most_ == 0) drop();
  wanted_ = held_.load();
}

void DiskReserve::keep() {
  MutexLock lock(mutex_);
  const uint64_t held = held_.load();
  if (held == most_) return;
  Result<uint64_t> free = files_.free_space(parent_path(path_));
  if (!free.ok()) return;
  // It grows with the room that there is, but not by a little every second.
  const uint64_t share = std::min(most_, (*free + held) / kShareOfFree);
  if (share == most_ || share >= 2 * wanted_) wanted_ = std::max(wanted_, share);
  if (held >= wanted_ || *free < wanted_ - held) return;
  if (!hold(wanted_).ok()) {
    // Others took the room meanwhile. Half of a reserve would only be in their way.
    drop();
    out_ = out_.load() || held > 0;
    return;
  }
  out_ = false;
}

bool DiskReserve::release() {
  MutexLock lock(mutex_);
  if (held_.load() == 0) return false;
  // Before there is room, so that nobody else takes it.
  out_ = true;
  drop();
  if (held_.load() > 0) {
    out_ = false;
    return false;
  }
  ++releases_;
  return true;
}

Result<void> DiskReserve::hold(uint64_t size) {
  NIGHTLIGHT_ASSIGN(file, files_.open(path_, held_.load() > 0 ? OpenMode::kReadWrite : OpenMode::kTruncate));
  NIGHTLIGHT_TRY(file->preallocate(size));
  held_ = size;
  return {};
}

void DiskReserve::drop() {
  Result<void> removed = files_.remove(path_);
  if (removed.ok() || removed.error().code == Code::kNotFound) held_ = 0;
}

}  // namespace nightlight::gorilla
