#include "promql/cache/result_cache.h"

namespace nightlight::promql {

std::shared_ptr<const CachedAnswer> ResultCache::find(const std::string& key) {
  MutexLock lock(mutex_);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

void ResultCache::put(const std::string& key, std::shared_ptr<const CachedAnswer> answer) {
  MutexLock lock(mutex_);
  if (auto found = by_key_.find(key); found != by_key_.end()) remove(found->second);
  if (answer->size_bytes > most_answer_bytes()) return;
  entries_.push_front({key, std::move(answer)});
  by_key_.emplace(key, entries_.begin());
  used_bytes_ += entries_.front().size_bytes();
  trim();
}

void ResultCache::set_capacity(uint64_t capacity_bytes) {
  MutexLock lock(mutex_);
  capacity_bytes_ = capacity_bytes;
  trim();
}

void ResultCache::remove(Entries::iterator entry) {
  used_bytes_ -= entry->size_bytes();
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

void ResultCache::trim() {
  while (used_bytes_ > capacity_bytes_) remove(std::prev(entries_.end()));
}

}  // namespace nightlight::promql
