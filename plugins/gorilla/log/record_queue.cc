#include "gorilla/log/record_queue.h"

#include <utility>

namespace nightlight::gorilla {
namespace {

constexpr size_t kMostRecords = 16;
constexpr uint64_t kMostBytes = 8 << 20;
constexpr size_t kMostKeptBytes = 1 << 20;  // Of a record that is used again.

}  // namespace

// One that is larger than all the room goes alone.
bool RecordQueue::has_room() const {
  return filled_.empty() || (filled_.size() < kMostRecords && filled_bytes_ < kMostBytes);
}

RecordQueue::Owner RecordQueue::make() {
  MutexLock lock(mutex_);
  while (!left_ && !has_room()) room_.wait(mutex_);
  if (left_) return nullptr;
  if (spare_.empty()) return std::make_unique<Record>();
  Owner record = std::move(spare_.front());
  spare_.pop_front();
  return record;
}

void RecordQueue::put(Owner record) {
  MutexLock lock(mutex_);
  filled_bytes_ += record->payload.size();
  filled_.push_back(std::move(record));
  more_.notify_one();
}

void RecordQueue::end() {
  MutexLock lock(mutex_);
  ended_ = true;
  more_.notify_one();
}

RecordQueue::Owner RecordQueue::take() {
  MutexLock lock(mutex_);
  while (filled_.empty() && !ended_) more_.wait(mutex_);
  if (filled_.empty()) return nullptr;
  Owner record = std::move(filled_.front());
  filled_.pop_front();
  filled_bytes_ -= record->payload.size();
  room_.notify_one();
  return record;
}

void RecordQueue::give_back(Owner record) {
  if (record->payload.capacity() > kMostKeptBytes) return;
  MutexLock lock(mutex_);
  spare_.push_back(std::move(record));
}

void RecordQueue::leave() {
  MutexLock lock(mutex_);
  left_ = true;
  room_.notify_one();
}

}  // namespace nightlight::gorilla
