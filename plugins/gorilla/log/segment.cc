#include "gorilla/log/segment.h"

#include <charconv>
#include <cstddef>
#include <cstring>

#include "base/crc32c.h"

namespace nightlight::gorilla {

uint32_t segment_header_crc(const SegmentHeader& header) { return crc32c(&header, offsetof(SegmentHeader, crc)); }

std::optional<SegmentHeader> read_segment_header(std::string_view bytes) {
  SegmentHeader header{};
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kSegmentMagic, sizeof kSegmentMagic) != 0) return std::nullopt;
  if (header.crc != segment_header_crc(header)) return std::nullopt;
  return header;
}

std::optional<uint64_t> segment_number(std::string_view file_name) {
  uint64_t number = 0;
  const char* end_of_name = file_name.data() + file_name.size();
  auto [end, error] = std::from_chars(file_name.data(), end_of_name, number);
  if (error != std::errc() || std::string_view(end, static_cast<size_t>(end_of_name - end)) != ".wal" || number == 0)
    return std::nullopt;
  return number;
}

}  // namespace nightlight::gorilla
