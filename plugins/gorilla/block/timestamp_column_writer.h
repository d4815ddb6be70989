// The timestamp columns of a block being written: each distinct one is stored once, however many series have it.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_TIMESTAMP_COLUMN_WRITER_H_
#define NIGHTLIGHT_GORILLA_BLOCK_TIMESTAMP_COLUMN_WRITER_H_

#include <span>
#include <unordered_map>

#include "gorilla/block/page_file.h"

namespace nightlight::gorilla {

class TimestampColumnWriter {
 public:
  TimestampColumnWriter(uint32_t page_bytes, int zstd_level);

  // The id of a column of 1 .. kMaxChunkSamples timestamps.
  Result<uint32_t> id_of(std::span<const int64_t> timestamps_ms, PageFile& file);
  // Writes what is left, and the directory.
  Result<void> finish(PageFile& file);

 private:
  struct Hash {
    uint64_t low, high;
    bool operator==(const Hash&) const = default;
  };
  struct HashOfHash {
    size_t operator()(const Hash& hash) const { return hash.low; }
  };
  Result<void> flush(PageFile& file);

  uint32_t page_bytes_;
  int zstd_level_;
  uint64_t seed_;
  std::unordered_map<Hash, uint32_t, HashOfHash> ids_;
  uint32_t columns_ = 0;
  uint32_t first_in_page_ = 0;
  Bytes heads_, bodies_, directory_;
  uint64_t pages_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_TIMESTAMP_COLUMN_WRITER_H_
