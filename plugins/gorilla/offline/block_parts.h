// A block opened part by part: what is sound of a damaged one can still be read.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_BLOCK_PARTS_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_BLOCK_PARTS_H_

#include <functional>
#include <memory>
#include <vector>

#include "gorilla/block/data_reader.h"
#include "gorilla/block/index_reader.h"

namespace nightlight::gorilla {

struct BlockParts {
  std::unique_ptr<BlockFile> file;
  BlockMeta meta;
  std::unique_ptr<IndexReader> index;  // Null: its directories are damaged.
  std::unique_ptr<DataReader> data;    // Null: its directories are damaged.
  std::vector<Error> errors;           // Why.

  // The pages that directories and table of contents name, as far as these can be read.
  void each_known_page(const std::function<void(PageRef)>& visit) const;
};

// An error when not even header, table of contents and meta can be read. `cache` must outlive the parts.
Result<std::unique_ptr<BlockParts>> open_block_parts(std::shared_ptr<const BucketObject> object, PageCache& cache);

// What the header of a page says, its checksum being right.
struct PageSummary {
  PageKind kind = PageKind::kData;
  uint32_t size = 0;  // Stored, with the header.
};
// Reads the page at `offset`, whatever its kind. `known_size` is what a directory says of its size; 0: nothing.
Result<PageSummary> read_page_at(const BlockFile& file, uint64_t offset, uint32_t known_size);

// Decodes one chunk of a page and its timestamps, and forgets them. The error says what is wrong with it.
Result<void> decode_chunk(const DataReader& data, const DataPageView& page, size_t i);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_BLOCK_PARTS_H_
