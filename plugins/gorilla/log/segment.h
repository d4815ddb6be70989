// The head of a segment file of the log.
#ifndef NIGHTLIGHT_GORILLA_LOG_SEGMENT_H_
#define NIGHTLIGHT_GORILLA_LOG_SEGMENT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace nightlight::gorilla {

// The first bytes of a segment. A recycled file whose header is not its own number's is an empty segment.
struct SegmentHeader {
  char magic[8];
  uint64_t number;
  uint64_t first;  // Sequence of the record that will come first.
  uint32_t salt;
  uint32_t crc;
};
static_assert(sizeof(SegmentHeader) == 32);
inline constexpr char kSegmentMagic[8] = {'N', 'L', 'W', 'A', 'L', '0', '0', '2'};
// Whose records do not say what was durable. Read, not written.
inline constexpr char kFirstSegmentMagic[8] = {'N', 'L', 'W', 'A', 'L', '0', '0', '1'};

// Of everything before it.
uint32_t segment_header_crc(const SegmentHeader& header);
// The header of a segment file, when it is whole and its checksum right.
std::optional<SegmentHeader> read_segment_header(std::string_view bytes);

// A whole header with a right checksum, of a version of the log that this one does not know.
bool is_newer_segment(std::string_view bytes);

// The number in a segment's file name ("00000007.wal"); nothing for other names.
std::optional<uint64_t> segment_number(std::string_view file_name);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_SEGMENT_H_
