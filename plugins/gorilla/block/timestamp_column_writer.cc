#include "gorilla/block/timestamp_column_writer.h"

#include <xxhash.h>

#include <random>

#include "gorilla/chunk/integers.h"

namespace nightlight::gorilla {
namespace {

// Series that do not share anything would fill memory with columns that nobody asks for again.
constexpr size_t kMaxRemembered = 1 << 16;

}  // namespace

// The hash decides alone, hence 128 bits and a seed that nobody outside knows.
TimestampColumnWriter::TimestampColumnWriter(uint32_t page_bytes, int zstd_level)
    : page_bytes_(page_bytes), zstd_level_(zstd_level), seed_(std::random_device()()) {}

Result<uint32_t> TimestampColumnWriter::id_of(std::span<const int64_t> timestamps_ms, PageFile& file) {
  XXH128_hash_t hash = XXH3_128bits_withSeed(timestamps_ms.data(), timestamps_ms.size_bytes(), seed_);
  if (ids_.size() >= kMaxRemembered) ids_.clear();
  auto [entry, fresh] = ids_.try_emplace(Hash{hash.low64, hash.high64}, columns_);
  if (!fresh) return entry->second;
  if (columns_ == UINT32_MAX) return Error{Code::kResourceExhausted, "too many timestamp columns for one block"};
  uint32_t id = columns_++;
  size_t before = bodies_.size();
  IntegerEncoding encoding = encode_integers(timestamps_ms, bodies_);
  heads_.push_back(static_cast<uint8_t>(encoding));
  put_varint(heads_, timestamps_ms.size());
  put_varint(heads_, bodies_.size() - before);
  if (heads_.size() + bodies_.size() >= page_bytes_) NIGHTLIGHT_TRY(flush(file));
  return id;
}

// A page: the number of columns; encoding, length and size of each; their bytes.
Result<void> TimestampColumnWriter::flush(PageFile& file) {
  if (columns_ == first_in_page_) return {};
  Bytes page;
  put_varint(page, columns_ - first_in_page_);
  put_bytes(page, heads_);
  put_bytes(page, bodies_);
  NIGHTLIGHT_ASSIGN(ref, file.put(PageKind::kTimestamps, page, zstd_level_));
  put_varint(directory_, first_in_page_);
  put_varint(directory_, ref.offset);
  put_varint(directory_, ref.size);
  ++pages_;
  first_in_page_ = columns_;
  heads_.clear();
  bodies_.clear();
  return {};
}

Result<void> TimestampColumnWriter::finish(PageFile& file) {
  NIGHTLIGHT_TRY(flush(file));
  Bytes section;
  put_varint(section, columns_);
  put_varint(section, pages_);
  put_bytes(section, directory_);
  return file.put_section(SectionType::kTimestampPages, section);
}

}  // namespace nightlight::gorilla
