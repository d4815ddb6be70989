// Finds the records of a log's segments in whatever state a crash or a damaged disk left them, and hands out each once,
// in the order of their sequences.
//
// A segment begins with everything that was not known to be durable when it was begun, and the one before may have
// some of that, with holes: what either of the two has is taken, and only what both lack is missing.
#ifndef NIGHTLIGHT_GORILLA_LOG_LOG_SCAN_H_
#define NIGHTLIGHT_GORILLA_LOG_LOG_SCAN_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gorilla/log/segment.h"

namespace nightlight::gorilla {

class LogScan {
 public:
  struct Found {
    uint64_t segment;  // Its number.
    uint64_t offset;   // In its file.
    uint64_t sequence;
    std::string_view payload;
  };
  struct Damage {
    uint64_t segment;
    uint64_t offset, size_bytes;  // Bytes that are no record, in front of one. 0, 0: nothing but records is missing.
    uint64_t first_missing, missing;  // Records.
  };
  class Visitor {
   public:
    virtual ~Visitor() = default;
    // An error ends the scan.
    virtual Result<void> record(const Found& found) = 0;
    virtual void damage(const Damage& damage) = 0;
  };

  explicit LogScan(Visitor& visitor) : visitor_(visitor) {}

  // The segments that were begun, in the order of their numbers. `next_first` is the `first` of the one that comes
  // after, UINT64_MAX of the last.
  Result<void> segment(std::string_view bytes, const SegmentHeader& header, uint64_t next_first);

  // The newest record that was handed out; 0: none.
  uint64_t last() const { return last_; }
  // Everything up to here was durable when the log was written, as later records and segments tell.
  uint64_t durable() const { return durable_; }
  // Of the last segment: the newest record in it, and what looks like a part of a record at its end.
  uint64_t newest() const { return newest_; }
  uint64_t torn_bytes() const { return torn_bytes_; }

 private:
  struct Held {
    uint64_t segment, offset;
    std::string payload;
  };

  Result<void> hand_out(const Found& found);
  Result<void> hand_out_held(uint64_t before);
  uint64_t held_between(uint64_t after, uint64_t before) const;
  void tell_hole(const SegmentHeader& header, size_t hole, size_t end, uint64_t after, uint64_t before,
                 uint64_t next_first);

  Visitor& visitor_;
  uint64_t last_ = 0, durable_ = 0, newest_ = 0, torn_bytes_ = 0;
  std::map<uint64_t, Held> held_;  // By sequence: records that the next segment has, too, or should have.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_LOG_SCAN_H_
