// Which series of the head the series of blocks are. A selection finds that out by their labels, which is most of its
// work; those after it over blocks with the same series are told.
#ifndef NIGHTLIGHT_GORILLA_SELECT_KNOWN_SERIES_H_
#define NIGHTLIGHT_GORILLA_SELECT_KNOWN_SERIES_H_

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "gorilla/block/label_fingerprint.h"
#include "gorilla/head/id_table.h"

namespace nightlight::gorilla {

class KnownSeries {
 public:
  // Of blocks with one fingerprint, by ordinal. [any]
  class Ids {
   public:
    explicit Ids(uint32_t series_count) : ids_(series_count) {
      for (auto& id : ids_) id.store(kNoId, std::memory_order_relaxed);
    }
    uint32_t size() const { return static_cast<uint32_t>(ids_.size()); }
    // The head's id of the series; kNoId: not known.
    uint32_t of(uint32_t ordinal) const { return ids_[ordinal].load(std::memory_order_relaxed); }
    void note(uint32_t ordinal, uint32_t id) { ids_[ordinal].store(id, std::memory_order_relaxed); }

   private:
    std::vector<std::atomic<uint32_t>> ids_;
  };

  // [any] What is known of blocks with these series while the head's ids are those of `epoch` (see SeriesIndex): at
  // first, nothing. Null when the lists that are held, a few, are all in use, when they are of a later epoch, and when
  // the blocks that have been seen had another number of series.
  std::shared_ptr<Ids> of_blocks(const LabelFingerprint& labels, uint32_t series_count, uint32_t epoch);
  // [any]
  size_t memory_bytes() const;

 private:
  static constexpr size_t kMostLists = 4;

  struct List {
    LabelFingerprint labels;
    std::shared_ptr<Ids> ids;
    bool used;  // Since one was refused.
  };
  mutable Mutex mutex_;
  uint32_t epoch_ GUARDED_BY(mutex_) = 0;
  std::vector<List> lists_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_KNOWN_SERIES_H_
