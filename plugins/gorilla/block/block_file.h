// The end of a block, read and checked: what every other part of a reader needs to find its pages.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_BLOCK_FILE_H_
#define NIGHTLIGHT_GORILLA_BLOCK_BLOCK_FILE_H_

#include <functional>
#include <map>
#include <memory>

#include "gorilla/block/block_meta.h"
#include "gorilla/block/format.h"
#include "gorilla/block/page_cache.h"

namespace nightlight::gorilla {

class BlockFile {
 public:
  static Result<std::unique_ptr<BlockFile>> open(std::shared_ptr<const BucketObject> object, PageCache& cache);
  ~BlockFile();

  const BucketObject& object() const { return *object_; }
  const Ulid& id() const { return id_; }
  // Where the pages end.
  uint64_t toc_offset() const { return toc_offset_; }
  const std::map<SectionType, PageRef>& sections() const { return sections_; }

  Result<Bytes> section(SectionType type) const;
  Result<Bytes> page(PageKind kind, PageRef ref) const { return read_page(*object_, id_, kind, ref); }
  Error damaged(uint64_t offset, std::string_view what) const { return gorilla::damaged(*object_, offset, what); }

  // A page in its readable form, from the cache or made by `parse` from its bytes. `parse` answers null when they are
  // damaged.
  template <class Page>
  Result<std::shared_ptr<const Page>> cached(PageKind kind, PageRef ref,
                                             const std::function<std::shared_ptr<const Page>(Bytes)>& parse) const {
    // A directory that lies may name a page of another kind.
    if (auto found = std::dynamic_pointer_cast<const Page>(cache_.find(owner_, ref.offset))) return found;
    NIGHTLIGHT_ASSIGN(raw, page(kind, ref));
    std::shared_ptr<const Page> made = parse(std::move(raw));
    if (made == nullptr) return damaged(ref.offset, "a page contradicts itself");
    cache_.insert(owner_, ref.offset, made);
    return made;
  }

 private:
  BlockFile(std::shared_ptr<const BucketObject> object, PageCache& cache);
  Result<void> read_end();
  Result<void> read_toc(ByteView toc);
  Result<void> read_header();

  std::shared_ptr<const BucketObject> object_;
  PageCache& cache_;
  uint64_t owner_;
  Ulid id_;
  uint64_t toc_offset_ = 0;
  std::map<SectionType, PageRef> sections_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_BLOCK_FILE_H_
