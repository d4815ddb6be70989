// The layout of a block, version 1 (docs/formats/block.md): a header, pages, sections, the table of contents, a
// trailer.
//
// Everything between header and table of contents is a page: 16 bytes of header, then the stored bytes, raw or
// compressed. A page's checksum starts from the block's id and the page's offset, so that a page of another block, or
// of another place, is as damaged as one with a flipped bit.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_FORMAT_H_
#define NIGHTLIGHT_GORILLA_BLOCK_FORMAT_H_

#include <optional>
#include <string>

#include "base/result.h"
#include "gorilla/block/ulid.h"
#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

class BucketObject;

inline constexpr uint32_t kBlockMagic = 0x31424c4e;    // "NLB1"
inline constexpr uint32_t kTrailerMagic = 0x45424c4e;  // "NLBE"
inline constexpr uint8_t kBlockMajor = 1;
inline constexpr uint8_t kBlockMinor = 1;   // 1: chunks may be "smoothed", "ordered" or told from a "sibling".
inline constexpr size_t kHeaderBytes = 28;  // magic, major, minor, 2 zero bytes, ULID, crc
inline constexpr size_t kTrailerBytes =
    24;  // toc size u32, major, minor, 2 zero bytes, file size u64, crc u32, magic u32
inline constexpr size_t kPageHeaderBytes = 16;
inline constexpr uint32_t kMaxPageBytes = uint32_t{256} << 20;

enum class PageKind : uint8_t {
  kData = 1,        // Chunks of series, one time slice.
  kTimestamps = 2,  // Timestamp columns.
  kSeries = 3,      // Label sets by ordinal.
  kValues = 4,      // Values of one label name with their postings.
  kPostings = 5,    // A long postings list.
  kSection = 6,     // A directory, named by the table of contents.
};

enum class SectionType : uint32_t {
  kMeta = 1,
  kNames = 2,
  kNameSets = 3,
  kValuePages = 4,
  kSeriesPages = 5,
  kTimestampPages = 6,
  kDataPages = 7,
  kLabelFingerprint = 8,  // Not required: a block without it is like no other.
};

// Beside the value encodings of a chunk: start timestamps precede the values.
inline constexpr uint8_t kHasStartTimestamps = 0x80;

inline constexpr size_t kMaxPageChunks = 2048;

struct PageRef {
  uint64_t offset = 0;
  uint32_t size = 0;  // With its header.
};

// The state of the checksum before the page at `offset`.
uint32_t page_seed(const Ulid& id, uint64_t offset);

// Appends a page; zstd_level 0 stores it raw, and so does anything that zstd shrinks by less than 5 %.
void put_page(PageKind kind, const Bytes& raw, int zstd_level, uint32_t seed, Bytes& out);

// Checks and unpacks a stored page. kDataLoss without saying where.
Result<Bytes> unpack_page(ByteView stored, PageKind kind, uint32_t seed);

// Reads one page of an object. kDataLoss naming object and offset.
Result<Bytes> read_page(const BucketObject& object, const Ulid& id, PageKind kind, PageRef page);

Error damaged(const BucketObject& object, uint64_t offset, std::string_view what);
// The offset that such an error names, for reports; nothing when it is another error.
std::optional<uint64_t> damaged_offset(const Error& error);

// Columns of small integers within pages: constant when all are equal, otherwise a varint each.
void put_column(std::span<const uint64_t> values, Bytes& out);
// False when damaged; no value exceeds `limit`.
template <class T>
bool read_column(BoundedReader& in, size_t count, uint64_t limit, std::vector<T>& out) {
  uint8_t mode = in.byte();
  if (mode > 1 || !in.ok()) return false;
  if (mode == 0) {
    out.assign(count, static_cast<T>(in.bounded(limit)));
    return in.ok();
  }
  if (count > in.remaining()) return false;
  out.resize(count);
  for (T& value : out) value = static_cast<T>(in.bounded(limit));
  return in.ok();
}

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_FORMAT_H_
