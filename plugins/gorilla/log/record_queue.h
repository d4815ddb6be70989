// Decoded records on their way from the thread that reads a log to the one that takes its batches, in order.
//
// Bounded: the reader waits while as many records or bytes as fit are on their way. Records are used again, and keep
// their memory.
#ifndef NIGHTLIGHT_GORILLA_LOG_RECORD_QUEUE_H_
#define NIGHTLIGHT_GORILLA_LOG_RECORD_QUEUE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "gorilla/log/log_batch.h"

namespace nightlight::gorilla {

class RecordQueue {
 public:
  struct Record {
    uint64_t segment = 0;   // Its number.
    uint64_t sequence = 0;  // Of the record.
    std::string payload;    // What `decoded` refers to.
    DecodedBatch decoded;
  };
  using Owner = std::unique_ptr<Record>;

  // [reader] A record to fill, as soon as there is room for it; nullptr once the taker has left.
  Owner make();
  // [reader]
  void put(Owner record);
  // [reader] Nothing more comes.
  void end();

  // [taker] The next one; nullptr when all have been taken.
  Owner take();
  // [taker] What make may hand out again.
  void give_back(Owner record);
  // [taker] Nothing more is taken.
  void leave();

 private:
  bool has_room() const REQUIRES(mutex_);

  Mutex mutex_;
  ConditionVariable room_, more_;
  std::deque<Owner> filled_ GUARDED_BY(mutex_), spare_ GUARDED_BY(mutex_);
  uint64_t filled_bytes_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false, left_ GUARDED_BY(mutex_) = false;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_RECORD_QUEUE_H_
