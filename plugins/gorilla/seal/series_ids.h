// Which ids new series of a log may have. They are given one after the other; some may be missing, of records that are
// damaged. What is greater is damage itself, and the head would take memory for all ids below.
#ifndef NIGHTLIGHT_GORILLA_SEAL_SERIES_IDS_H_
#define NIGHTLIGHT_GORILLA_SEAL_SERIES_IDS_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "gorilla/seal/series_snapshot.h"

namespace nightlight::gorilla {

class SeriesIds {
 public:
  // For the records behind the snapshot. Where there are sealed blocks, but no snapshot any more, any id may be right.
  SeriesIds(const SeriesSnapshot& snapshot, bool sealed)
      : end_(snapshot.position == 0 && sealed ? uint64_t{UINT32_MAX} + 1 : snapshot.id_end + kMostMissing) {}

  // Those of the next record. False: one of them was not given yet.
  bool take(std::span<const uint32_t> ids) {
    end_ += ids.size();
    return std::all_of(ids.begin(), ids.end(), [&](uint32_t id) { return id < end_; });
  }

 private:
  static constexpr uint64_t kMostMissing = 1 << 22;
  uint64_t end_;
};

inline constexpr char kIdNotGiven[] = "a series has an id that was not given yet";

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SEAL_SERIES_IDS_H_
