#include "gorilla/block/page_file.h"

#include "base/crc32c.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

constexpr int kSectionZstdLevel = 3;
constexpr uint32_t kRequiredSection = 1;

}  // namespace

PageFile::PageFile(std::unique_ptr<BucketUpload> upload, const Ulid& id) : upload_(std::move(upload)), id_(id) {}
PageFile::~PageFile() = default;

Result<void> PageFile::append(const Bytes& bytes) {
  NIGHTLIGHT_TRY(upload_->append(bytes.data(), bytes.size()));
  size_ += bytes.size();
  return {};
}

Result<void> PageFile::put_header() {
  Bytes header;
  put_fixed(header, kBlockMagic);
  for (uint8_t byte : {kBlockMajor, kBlockMinor, uint8_t{0}, uint8_t{0}}) header.push_back(byte);
  put_bytes(header, id_.bytes);
  put_fixed(header, crc32c(header.data(), header.size()));
  return append(header);
}

Result<PageRef> PageFile::put(PageKind kind, const Bytes& raw, int zstd_level) {
  if (raw.size() > kMaxPageBytes / 2)
    return Error{Code::kResourceExhausted, "a page of a block would have " + std::to_string(raw.size()) + " bytes"};
  scratch_.clear();
  PageRef page{size_, 0};
  put_page(kind, raw, zstd_level, page_seed(id_, size_), scratch_);
  page.size = static_cast<uint32_t>(scratch_.size());
  NIGHTLIGHT_TRY(append(scratch_));
  return page;
}

Result<void> PageFile::put_section(SectionType type, const Bytes& raw, bool required) {
  NIGHTLIGHT_ASSIGN(page, put(PageKind::kSection, raw, kSectionZstdLevel));
  sections_.push_back({type, required ? kRequiredSection : 0, page});
  return {};
}

Result<uint64_t> PageFile::finish() {
  Bytes end;
  put_varint(end, sections_.size());
  for (const Section& section : sections_) {
    put_varint(end, static_cast<uint32_t>(section.type));
    put_varint(end, section.flags);
    put_varint(end, section.page.offset);
    put_varint(end, section.page.size);
  }
  auto toc_size = static_cast<uint32_t>(end.size());
  put_fixed(end, toc_size);
  for (uint8_t byte : {kBlockMajor, kBlockMinor, uint8_t{0}, uint8_t{0}}) end.push_back(byte);
  put_fixed(end, size_ + toc_size + kTrailerBytes);
  put_fixed(end, crc32c(end.data(), end.size()));
  put_fixed(end, kTrailerMagic);
  NIGHTLIGHT_TRY(append(end));
  NIGHTLIGHT_ASSIGN(tag, upload_->commit());
  return size_;
}

}  // namespace nightlight::gorilla
