#include "gorilla/head/change_log.h"

#include <algorithm>

namespace nightlight::gorilla {
namespace {

// Finer than a second nobody needs it; so the stack covers kMost seconds at least.
int64_t second_of(int64_t time_ms) {
  const int64_t into = time_ms % 1000;
  return time_ms < INT64_MIN + 1000 ? INT64_MIN : time_ms - (into < 0 ? into + 1000 : into);
}

}  // namespace

void ChangeLog::note(int64_t from_ms) {
  from_ms = second_of(from_ms);
  MutexLock lock(mutex_);
  ++count_;
  while (!changes_.empty() && changes_.back().from_ms >= from_ms) changes_.pop_back();
  if (changes_.size() == kMost) {
    // The older half becomes one change, from its earliest time and with its latest count.
    const auto middle = changes_.begin() + kMost / 2;
    middle->from_ms = changes_.front().from_ms;
    changes_.erase(changes_.begin(), middle);
  }
  changes_.push_back({count_, from_ms});
}

uint64_t ChangeLog::last_change(int64_t until_ms) const {
  MutexLock lock(mutex_);
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), until_ms,
                                      [](int64_t until, const Change& c) { return until < c.from_ms; });
  return after == changes_.begin() ? 1 : std::prev(after)->count;
}

}  // namespace nightlight::gorilla
