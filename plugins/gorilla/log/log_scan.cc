#include "gorilla/log/log_scan.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "gorilla/log/record.h"

namespace nightlight::gorilla {

Result<void> LogScan::hand_out(const Found& found) {
  if (found.sequence <= last_) return {};
  last_ = found.sequence;
  return visitor_.record(found);
}

Result<void> LogScan::hand_out_held(uint64_t before) {
  while (!held_.empty() && held_.begin()->first < before) {
    const auto next = held_.extract(held_.begin());
    const Held& held = next.mapped();
    NIGHTLIGHT_TRY(hand_out({held.segment, held.offset, next.key(), held.payload}));
  }
  return {};
}

uint64_t LogScan::held_between(uint64_t after, uint64_t before) const {
  if (held_.empty() || before <= after) return 0;
  return static_cast<uint64_t>(std::distance(held_.upper_bound(after), held_.lower_bound(before)));
}

// Bytes that are no record stand between two of a segment (or its head and one) with these sequences.
void LogScan::tell_hole(const SegmentHeader& header, size_t hole, size_t end, uint64_t after, uint64_t before,
                        uint64_t next_first) {
  // What comes after `next_first` is for the next segment to have.
  const uint64_t until = std::min(before, next_first);
  const uint64_t lacking = until > after + 1 ? until - after - 1 : 0;
  const uint64_t missing = lacking - held_between(after, until);
  const bool made_up_for = before > after + 1 && missing == 0;
  if (!made_up_for) visitor_.damage({header.number, hole, end - hole, after + 1, missing});
}

Result<void> LogScan::segment(std::string_view bytes, const SegmentHeader& header, uint64_t next_first) {
  // Everything before a segment was durable when it was begun.
  const uint64_t before = std::max<uint64_t>(header.first, 1) - 1;
  durable_ = std::max(durable_, next_first == UINT64_MAX ? before : std::max<uint64_t>(next_first, 1) - 1);
  if (last_ > 0 && before > last_) visitor_.damage({header.number, 0, 0, last_ + 1, before - last_});
  last_ = std::max(last_, before);
  newest_ = torn_bytes_ = 0;
  uint64_t newest = before;
  size_t at = sizeof(SegmentHeader), hole = 0;  // `hole`: where bytes that are no record began; 0: not in one.
  while (at + kRecordHeader <= bytes.size()) {
    // Only a record with the next numbers can be one: what a recycled file still holds has lower ones, and is skipped
    // unread.
    uint32_t magic;
    uint64_t sequence;
    std::memcpy(&magic, bytes.data() + at, 4);
    std::memcpy(&sequence, bytes.data() + at + 8, 8);
    std::optional<Record> record;
    if (magic == kRecordMagic && sequence >= header.first) record = read_record(bytes.substr(at), header.salt);
    if (!record) {
      if (hole == 0) hole = at;
      at += 8;
      continue;
    }
    if (hole != 0) tell_hole(header, hole, at, newest, sequence, next_first);
    hole = 0;
    newest = newest_ = std::max(newest, sequence);
    durable_ = std::max(durable_, record->durable);
    if (sequence >= next_first) {
      held_.try_emplace(sequence, Held{header.number, at, std::string(record->payload)});
    } else {
      NIGHTLIGHT_TRY(hand_out_held(sequence));
      held_.erase(sequence);
      NIGHTLIGHT_TRY(hand_out({header.number, at, sequence, record->payload}));
    }
    at += record->size;
  }
  if (hole != 0) {
    uint32_t magic, size;
    std::memcpy(&magic, bytes.data() + hole, 4);
    std::memcpy(&size, bytes.data() + hole + 4, 4);
    if (magic == kRecordMagic) torn_bytes_ = std::min<uint64_t>(record_size(size), bytes.size() - hole);
  }
  // What this segment should have had, and only the one before has.
  while (!held_.empty() && held_.begin()->first < next_first) {
    const auto& [sequence, held] = *held_.begin();
    if (sequence > last_ + 1) visitor_.damage({held.segment, 0, 0, last_ + 1, sequence - last_ - 1});
    NIGHTLIGHT_TRY(hand_out_held(sequence + 1));
  }
  return {};
}

}  // namespace nightlight::gorilla
