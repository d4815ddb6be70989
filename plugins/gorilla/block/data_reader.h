// The samples of an open block: which page has the chunks of a series, and what is in it.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_DATA_READER_H_
#define NIGHTLIGHT_GORILLA_BLOCK_DATA_READER_H_

#include <memory>
#include <vector>

#include "gorilla/block/block.h"
#include "gorilla/block/block_file.h"
#include "gorilla/chunk/integers.h"

namespace nightlight::gorilla {

// Chunks of consecutive series in one time slice.
class DataPageView final : public CachedPage {
 public:
  static std::shared_ptr<const DataPageView> parse(Bytes raw, uint32_t first_ordinal, uint32_t last_ordinal);

  size_t size() const { return chunks_.size(); }
  // The position of the first chunk whose ordinal is not less.
  size_t find(uint32_t ordinal) const;
  uint32_t ordinal(size_t i) const { return chunks_[i].ordinal; }
  uint8_t kind(size_t i) const { return chunks_[i].kind; }
  uint32_t column(size_t i) const { return chunks_[i].column; }
  ByteView chunk(size_t i) const;
  // Fetches from memory what the chunk after the next one needs, and what is known of some after it.
  void prefetch_after(size_t i) const {
    if (i + 2 < chunks_.size()) __builtin_prefetch(raw_.data() + streams_ + chunks_[i + 1].end);
    if (i + 8 < chunks_.size()) __builtin_prefetch(&chunks_[i + 8]);
  }
  // Whether another chunk is told from it.
  bool is_sibling(size_t i) const { return chunks_[i].is_sibling; }
  size_t memory_bytes() const override { return raw_.size() + chunks_.size() * sizeof(Chunk); }

 private:
  struct Chunk {
    uint32_t ordinal, column;
    uint32_t end;  // From the first one's begin.
    uint8_t kind;
    bool is_sibling;
  };
  void mark_siblings();

  Bytes raw_;
  size_t streams_ = 0;  // Where the chunks begin.
  std::vector<Chunk> chunks_;
};

// A chunk of floats, taken apart.
struct FloatChunk {
  bool has_starts = false;
  IntegerEncoding start_encoding = IntegerEncoding::kLinear;
  ByteView starts;
  uint8_t encoding = 0;  // Of the values.
  ByteView values;
};
// False when damaged.
bool split_float_chunk(uint8_t kind, ByteView chunk, FloatChunk* out);

// Encoded timestamp columns with consecutive ids.
class TimestampPageView final : public CachedPage {
 public:
  static std::shared_ptr<const TimestampPageView> parse(Bytes raw);

  size_t size() const { return columns_.size(); }
  uint32_t count(size_t i) const { return columns_[i].count; }
  // False when damaged.
  bool decode(size_t i, std::vector<int64_t>* out) const;
  size_t memory_bytes() const override { return raw_.size() + columns_.size() * sizeof(Column); }

 private:
  struct Column {
    uint8_t encoding = 0;
    uint32_t count = 0;
    ByteView bytes;
  };
  Bytes raw_;
  std::vector<Column> columns_;
};

class DataReader {
 public:
  struct Page {
    uint32_t first_ordinal = 0, last_ordinal = 0;
    PageRef ref;
  };
  // The pages of one slice, in the order of ordinals.
  struct Slice {
    int64_t number = 0;
    std::vector<Page> pages;
  };

  static Result<std::unique_ptr<DataReader>> open(const BlockFile& file, uint32_t series_count);

  const BlockFile& file() const { return file_; }
  uint32_t series_count() const { return series_count_; }
  // In the order of time.
  const std::vector<Slice>& slices() const { return slices_; }
  int64_t slice_ms() const { return slice_ms_; }

  Result<std::shared_ptr<const DataPageView>> load(const Page& page) const;
  Result<std::shared_ptr<const TimestampPageView>> load_column(uint32_t column, uint32_t* first_column) const;
  Result<void> decode_column(uint32_t column, std::vector<int64_t>* out) const;
  // Calls for each page of timestamp columns with its first column.
  void each_column_page(const std::function<void(uint32_t first, PageRef page)>& visit) const;

  // Decodes every chunk.
  Result<void> verify(const std::function<void(PageRef)>& seen) const;
  size_t memory_bytes() const;

 private:
  struct ColumnPage {
    uint32_t first = 0;
    PageRef ref;
  };
  DataReader(const BlockFile& file, uint32_t series_count) : file_(file), series_count_(series_count) {}
  Result<void> read_timestamp_pages();
  Result<void> read_data_pages();
  Error wrong_section(SectionType type) const;

  const BlockFile& file_;
  const uint32_t series_count_;
  int64_t slice_ms_ = 1;
  std::vector<Slice> slices_;
  uint32_t columns_ = 0;
  std::vector<ColumnPage> column_pages_;
};

std::unique_ptr<BlockCursor> make_block_cursor(const DataReader& data, int64_t start_ms, int64_t end_ms);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_DATA_READER_H_
