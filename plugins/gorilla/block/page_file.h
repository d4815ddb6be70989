// The file that a block writer fills: pages one behind the other, each with its checksum.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_PAGE_FILE_H_
#define NIGHTLIGHT_GORILLA_BLOCK_PAGE_FILE_H_

#include <memory>
#include <vector>

#include "gorilla/block/format.h"

namespace nightlight::gorilla {

class BucketUpload;

class PageFile {
 public:
  PageFile(std::unique_ptr<BucketUpload> upload, const Ulid& id);
  ~PageFile();

  Result<void> put_header();
  Result<PageRef> put(PageKind kind, const Bytes& raw, int zstd_level);
  // Puts a section and remembers it for the table of contents.
  Result<void> put_section(SectionType type, const Bytes& raw, bool required = true);
  // Table of contents and trailer; publishes. The size of the object.
  Result<uint64_t> finish();

 private:
  struct Section {
    SectionType type;
    uint32_t flags;
    PageRef page;
  };
  Result<void> append(const Bytes& bytes);

  std::unique_ptr<BucketUpload> upload_;
  Ulid id_;
  uint64_t size_ = 0;
  std::vector<Section> sections_;
  Bytes scratch_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_PAGE_FILE_H_
