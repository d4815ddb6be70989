#include "gorilla/select/known_series.h"

#include <algorithm>

namespace nightlight::gorilla {

std::shared_ptr<KnownSeries::Ids> KnownSeries::of_blocks(const LabelFingerprint& labels, uint32_t series_count,
                                                         uint32_t epoch) {
  MutexLock lock(mutex_);
  if (static_cast<int32_t>(epoch - epoch_) < 0) return nullptr;  // A selection that has taken its time.
  if (epoch != epoch_) lists_.clear();
  epoch_ = epoch;
  for (List& list : lists_) {
    if (list.labels != labels) continue;
    list.used = true;
    return list.ids->size() == series_count ? list.ids : nullptr;
  }
  List list{labels, nullptr, true};
  if (lists_.size() < kMostLists) {
    list.ids = std::make_shared<Ids>(series_count);
    lists_.push_back(list);
    return list.ids;
  }
  const auto unused = std::find_if(lists_.begin(), lists_.end(), [](const List& held) { return !held.used; });
  if (unused != lists_.end()) {
    list.ids = std::make_shared<Ids>(series_count);
    *unused = list;
    return list.ids;
  }
  // Queries over more blocks than there is room for would make lists only to drop them: one that is used again before
  // the next refusal stays.
  for (List& held : lists_) held.used = false;
  return nullptr;
}

size_t KnownSeries::memory_bytes() const {
  MutexLock lock(mutex_);
  size_t bytes = 0;
  for (const List& list : lists_) bytes += list.ids->size() * sizeof(uint32_t);
  return bytes;
}

}  // namespace nightlight::gorilla
