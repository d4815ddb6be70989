// Writes a block: series in label order go in, one immutable object comes out, published whole or not at all.
//
// The writer cuts samples into time slices, groups the chunks of neighbouring series into pages, stores equal timestamp
// columns once, and chooses the smallest encoding of every chunk. Memory: one page a slice and kind, the values of
// at most 32 chunks a slice from which others are told, the labels' symbols, about 40 bytes a series.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_BLOCK_WRITER_H_
#define NIGHTLIGHT_GORILLA_BLOCK_BLOCK_WRITER_H_

#include <memory>

#include "gorilla/block/block_meta.h"
#include "gorilla/block/sample_columns.h"

namespace nightlight::gorilla {

class Bucket;

struct BlockOptions {
  int64_t slice_ms = 2 * 3600 * 1000;  // Chunks are cut at multiples of it.
  int zstd_level = 0;                  // Of data pages; 0: none (hot blocks). Index pages are always compressed.
  bool gorilla_only = false;           // Values by Gorilla XOR alone.
  uint32_t page_bytes = 16 * 1024;     // Raw size at which a page is closed; twice that amid a histogram's buckets.
};

// The options of a level: 0 and 1 uncompressed, 2 and above zstd.
BlockOptions block_options_of_level(uint32_t level);

class BlockWriter {
 public:
  // `meta` gives id, level, flags, sources (empty: the block itself) and log_ranges; the rest is filled by finish().
  // The bucket must outlive the writer.
  static Result<std::unique_ptr<BlockWriter>> create(Bucket& bucket, BlockMeta meta, const BlockOptions& options);

  virtual ~BlockWriter() = default;  // Leaves nothing behind when finish() was not called.

  // [one] The next series: its labels must be greater than the last one's. A series without samples is left out.
  // kInvalidArgument: order of labels, order of times.
  virtual Result<void> add(const SeriesInput& series) = 0;
  virtual uint64_t series_count() const = 0;
  // [one] Writes the index and publishes the object under block_key(id), durable. Once. kFailedPrecondition when no
  // series was added; kAlreadyExists when there is such an object.
  virtual Result<BlockMeta> finish() = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_BLOCK_WRITER_H_
