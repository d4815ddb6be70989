// Shared timestamps. Series that are scraped together have the same timestamps, so a chunk refers to a column and uses
// its first `count` entries. A series that goes another way gets a fork of its column; others that go the same way find
// that fork.
//
// Guarded by the head's sample lock.
#ifndef NIGHTLIGHT_GORILLA_HEAD_TIMESTAMP_COLUMNS_H_
#define NIGHTLIGHT_GORILLA_HEAD_TIMESTAMP_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace nightlight::gorilla {

class TimestampColumns {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The column for a chunk that begins at `timestamp_ms`.
  uint32_t start(int64_t timestamp_ms);
  // The column of a chunk that used `count` entries of `column` and now gets `timestamp_ms`, which is later than all of
  // them. kNone when it is too far from the column's first timestamp: the chunk must end.
  uint32_t extend(uint32_t column, uint32_t count, int64_t timestamp_ms) {
    Column& c = columns_[column];
    int64_t offset = timestamp_ms - c.base_ms;
    if (offset > UINT32_MAX) return kNone;
    if (count < c.offsets.size() && c.offsets[count] == offset) return column;
    if (count == c.offsets.size()) {
      c.offsets.push_back(static_cast<uint32_t>(offset));
      return column;
    }
    return fork(column, count, static_cast<uint32_t>(offset));
  }

  int64_t first_ms(uint32_t column) const { return columns_[column].base_ms; }
  int64_t at(uint32_t column, uint32_t i) const { return columns_[column].base_ms + columns_[column].offsets[i]; }
  // Copies the first `count` timestamps to `out`.
  void read(uint32_t column, uint32_t count, int64_t* out) const;
  size_t memory_bytes() const;
  size_t size() const { return columns_.size(); }

 private:
  struct Fork {
    uint32_t count;
    uint32_t offset;
    uint32_t column;
  };
  struct Column {
    int64_t base_ms = 0;
    std::vector<uint32_t> offsets;
    std::vector<Fork> forks;
  };
  uint32_t fork(uint32_t column, uint32_t count, uint32_t offset);

  std::deque<Column> columns_;
  std::unordered_map<int64_t, uint32_t> starts_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_TIMESTAMP_COLUMNS_H_
