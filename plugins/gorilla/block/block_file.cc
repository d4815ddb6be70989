#include "gorilla/block/block_file.h"

#include <algorithm>

#include "base/crc32c.h"
#include "gorilla/block/meta_codec.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kEndBytes = 4096;  // Holds table of contents and trailer.

Error newer(const BucketObject& object) {
  return Error{Code::kUnimplemented, object.key() + " was written by a newer version of the store"};
}

}  // namespace

BlockFile::BlockFile(std::shared_ptr<const BucketObject> object, PageCache& cache)
    : object_(std::move(object)), cache_(cache), owner_(cache.new_owner()) {}

BlockFile::~BlockFile() { cache_.drop_owner(owner_); }

Result<std::unique_ptr<BlockFile>> BlockFile::open(std::shared_ptr<const BucketObject> object, PageCache& cache) {
  std::unique_ptr<BlockFile> file(new BlockFile(std::move(object), cache));
  NIGHTLIGHT_TRY(file->read_header());
  NIGHTLIGHT_TRY(file->read_end());
  return file;
}

Result<void> BlockFile::read_header() {
  if (object_->size_bytes() < kHeaderBytes + kTrailerBytes) return damaged(0, "it is too short for a block");
  Bytes header(kHeaderBytes);
  NIGHTLIGHT_TRY(object_->read(0, header.data(), header.size()));
  if (crc32c(header.data(), kHeaderBytes - 4) != load<uint32_t>(header.data() + kHeaderBytes - 4) ||
      load<uint32_t>(header.data()) != kBlockMagic)
    return damaged(0, "the header is wrong");
  if (header[4] > kBlockMajor) return newer(*object_);
  std::copy_n(header.begin() + 8, id_.bytes.size(), id_.bytes.begin());
  return {};
}

Result<void> BlockFile::read_end() {
  uint64_t size = object_->size_bytes();
  Bytes end(std::min(size, kEndBytes));
  NIGHTLIGHT_TRY(object_->read(size - end.size(), end.data(), end.size()));
  const uint8_t* trailer = end.data() + end.size() - kTrailerBytes;
  auto toc_size = load<uint32_t>(trailer);
  if (load<uint32_t>(trailer + 20) != kTrailerMagic || toc_size > end.size() - kTrailerBytes)
    return damaged(size - kTrailerBytes, "the trailer is wrong");
  ByteView toc(trailer - toc_size, toc_size);
  if (crc32c(toc.data(), toc_size + 16) != load<uint32_t>(trailer + 16) || load<uint64_t>(trailer + 8) != size)
    return damaged(size - kTrailerBytes, "the trailer is wrong");
  if (trailer[4] > kBlockMajor) return newer(*object_);
  toc_offset_ = size - kTrailerBytes - toc_size;
  return read_toc(toc);
}

Result<void> BlockFile::read_toc(ByteView toc) {
  BoundedReader in(toc);
  size_t count = in.bounded(in.remaining());
  for (size_t i = 0; i < count && in.ok(); ++i) {
    uint64_t type = in.varint();
    uint64_t flags = in.varint();
    PageRef page{in.varint(), static_cast<uint32_t>(in.bounded(kMaxPageBytes))};
    bool known = type >= static_cast<uint64_t>(SectionType::kMeta) &&
                 type <= static_cast<uint64_t>(SectionType::kLabelFingerprint);
    if (in.ok() && !known && (flags & 1) != 0) return newer(*object_);
    if (known) sections_[static_cast<SectionType>(type)] = page;
  }
  if (!in.finished()) return damaged(toc_offset_, "the table of contents is wrong");
  return {};
}

Result<Bytes> BlockFile::section(SectionType type) const {
  auto found = sections_.find(type);
  if (found == sections_.end()) return damaged(toc_offset_, "a section is missing");
  return page(PageKind::kSection, found->second);
}

}  // namespace nightlight::gorilla
