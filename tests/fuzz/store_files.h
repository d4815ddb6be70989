// The files of a data directory, taken apart into what a fuzzer may change and put together again: pages unpacked,
// references by the number of the page, no checksums. Putting together packs the pages, finds out where they lie, and
// makes every checksum and every size right.
#ifndef NIGHTLIGHT_TESTS_FUZZ_STORE_FILES_H_
#define NIGHTLIGHT_TESTS_FUZZ_STORE_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "gorilla/chunk/bytes.h"

namespace nightlight::fuzz {

enum class PartKind : uint8_t {
  // 1 to 5: a page of this PageKind. 17 to 24: 16 + the SectionType of a section.
  kSections = 16,
  kContents = 25,        // Stands in place of the table of contents.
  kRecord = 26,          // Of the log, with the next sequence number.
  kSegment = 27,         // Begins a segment of the log; what follows the part's kind is its first bytes, as they are.
  kSeriesPosition = 28,  // Begins the series object: u64 position.
  kSeriesRecord = 29,    // u8 kind, payload.
  kCatalog = 30,         // Between magic and checksum, as the next two.
  kTombstones = 31,
};
inline constexpr uint8_t kCompressed = 0x80;  // Beside the kind of a page or section.

struct StorePart {
  uint8_t kind = 0;
  gorilla::Bytes body;
};

struct StoreFiles {
  std::string block, tombstones, catalog, series;
  std::vector<std::string> segments;

  // By their paths in a data directory. A block without a catalog gets one that names it.
  std::map<std::string, std::string> named() const;
};

// Parts stand one behind the other: u8 kind, u16 size, body. The last one may be cut off.
std::vector<StorePart> split_parts(gorilla::ByteView input);
std::string join_parts(const std::vector<StorePart>& parts);

StoreFiles put_together(const std::vector<StorePart>& parts);
// For files as the store writes them; aborts on others.
std::vector<StorePart> take_apart(const StoreFiles& files);

}  // namespace nightlight::fuzz

#endif  // NIGHTLIGHT_TESTS_FUZZ_STORE_FILES_H_
