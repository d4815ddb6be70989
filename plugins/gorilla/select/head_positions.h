// Where a selection has the series of the head, by id.
#ifndef NIGHTLIGHT_GORILLA_SELECT_HEAD_POSITIONS_H_
#define NIGHTLIGHT_GORILLA_SELECT_HEAD_POSITIONS_H_

#include <vector>

#include "gorilla/head/head.h"

namespace nightlight::gorilla {

class HeadPositions {
 public:
  // Makes `of` ready, once; false when that would take longer than it saves.
  bool make(const HeadSnapshot& snapshot) {
    constexpr size_t kFewest = 256, kSparsest = 64;
    const std::vector<HeadSnapshot::Series>& series = snapshot.series;
    if (!by_id_.empty()) return true;
    if (series.size() < kFewest) return false;
    first_id_ = snapshot.id_of(series.front());
    const size_t ids = snapshot.id_of(series.back()) - first_id_ + size_t{1};
    if (ids / kSparsest > series.size()) return false;
    by_id_.assign(ids, kNoId);
    for (const HeadSnapshot::Series& s : series) by_id_[snapshot.id_of(s) - first_id_] = s.set_series;
    return true;
  }

  // The position of the series with this id; kNoId: it has none, or `id` is kNoId.
  uint32_t of(uint32_t id) const {
    const uint32_t at = id - first_id_;  // Wraps around below the first.
    return at < by_id_.size() ? by_id_[at] : kNoId;
  }
  // Fetches what `of` reads.
  void prefetch(uint32_t id) const {
    if (const uint32_t at = id - first_id_; at < by_id_.size()) __builtin_prefetch(&by_id_[at]);
  }
  void clear() { by_id_ = {}; }

 private:
  uint32_t first_id_ = 0;
  std::vector<uint32_t> by_id_;  // From first_id_ on.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_HEAD_POSITIONS_H_
