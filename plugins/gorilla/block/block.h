// A block opened for reading. Blocks are immutable: everything here may be called by any thread, and what is damaged
// answers kDataLoss with the object and the offset, never wrong samples.
//
// Series have ordinals 0 .. series_count-1 in the order of their label sets as Prometheus sorts them (name, value,
// name, ... bytewise; a set that is a prefix of another comes first).
#ifndef NIGHTLIGHT_GORILLA_BLOCK_BLOCK_H_
#define NIGHTLIGHT_GORILLA_BLOCK_BLOCK_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gorilla/block/block_meta.h"
#include "gorilla/block/label_fingerprint.h"
#include "gorilla/block/sample_columns.h"

namespace nightlight {
class LabelMatcher;
}

namespace nightlight::gorilla {

class BucketObject;
class PageCache;

// The floats of one chunk that lie in a cursor's range, ascending in time.
struct ChunkSamples {
  std::span<const int64_t> timestamps_ms;  // The cursor's, until it reads the next series.
  const double* values;                    // As many. In the caller's arena.
  const int64_t* start_timestamps_ms;      // As many, there too, or null: all unknown.
  uint32_t column;                         // What one cursor read of the same column has the same timestamps.
};

// Reads samples of series of one block; fastest in ascending order of ordinals. One thread at a time. Borrows its
// block.
class BlockCursor {
 public:
  virtual ~BlockCursor() = default;
  // Appends the samples of a series in the cursor's range, chunk by chunk, ascending in time. After an error, a part of
  // them may be there.
  virtual Result<void> read(uint32_t ordinal, SampleArena& arena, std::vector<ChunkSamples>& floats,
                            std::vector<const Histogram*>& histograms) = 0;
  // The same, joined to columns.
  Result<void> read(uint32_t ordinal, SampleColumns* out);

 private:
  std::vector<ChunkSamples> chunks_;
};

// Reads label sets; fastest in ascending order of ordinals. One thread at a time. Borrows its block.
class LabelReader {
 public:
  virtual ~LabelReader() = default;
  // The labels of a series, sorted by name. The views live until the next call.
  virtual Result<std::span<const LabelView>> labels(uint32_t ordinal) = 0;

  // The same by number: of the name among the block's names, of the value among the name's, both in byte order.
  struct Key {
    uint32_t name, value;
  };
  virtual Result<std::span<const Key>> keys(uint32_t ordinal) = 0;
  virtual Result<LabelView> text(Key key) = 0;
  virtual uint32_t name_count() const = 0;
  virtual uint32_t value_count(uint32_t name) const = 0;
};

class Block {
 public:
  // Reads and checks the end of the object (directories, names); pages are read and checked when they are needed,
  // through `cache`, which must outlive the block. kDataLoss: damaged. kUnimplemented: written by a newer version.
  static Result<std::shared_ptr<const Block>> open(std::shared_ptr<const BucketObject> object, PageCache& cache);

  virtual ~Block() = default;

  virtual const BlockMeta& meta() const = 0;
  virtual uint32_t series_count() const = 0;

  // Blocks with the same one have the same series. Nothing for blocks of older versions, and where it is damaged.
  virtual const std::optional<LabelFingerprint>& label_fingerprint() const = 0;

  // The ordinals of the series for which all matchers hold, ascending; no matchers: all.
  virtual Result<std::vector<uint32_t>> select(std::span<const LabelMatcher> matchers) const = 0;

  // Samples in [start_ms, end_ms], both inclusive.
  virtual std::unique_ptr<BlockCursor> cursor(int64_t start_ms, int64_t end_ms) const = 0;
  virtual std::unique_ptr<LabelReader> label_reader() const = 0;

  // Label names in byte order. With `series` (ascending ordinals), only those that these series have.
  virtual Result<std::vector<std::string>> label_names(const std::vector<uint32_t>* series = nullptr) const = 0;
  // The values of one label in byte order. With `series`, only those that these series have.
  virtual Result<std::vector<std::string>> label_values(std::string_view name,
                                                        const std::vector<uint32_t>* series = nullptr) const = 0;
  // Calls for each value of a label with the number of series that have it, in byte order.
  virtual Result<void> value_counts(std::string_view name,
                                    const std::function<void(std::string_view value, uint64_t series)>& each) const = 0;

  // Checks every byte of the object, and decodes every chunk. Pages that are in the cache are not read again: to check
  // the disk, open the object with a cache of 0 bytes.
  virtual Result<void> verify() const = 0;

  // Heap memory held as long as the block is open.
  virtual size_t memory_bytes() const = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_BLOCK_H_
