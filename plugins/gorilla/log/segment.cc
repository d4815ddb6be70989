#include "gorilla/log/segment.h"

#include <charconv>
#include <cstddef>
#include <cstring>

#include "base/crc32c.h"

namespace nightlight::gorilla {

namespace {

constexpr std::string_view kAnyMagic(kSegmentMagic, 5);  // What all versions share; the version's digits follow.

// Whatever its magic is.
std::optional<SegmentHeader> read_sound_header(std::string_view bytes) {
  SegmentHeader header{};
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.crc != segment_header_crc(header)) return std::nullopt;
  return header;
}

}  // namespace

uint32_t segment_header_crc(const SegmentHeader& header) { return crc32c(&header, offsetof(SegmentHeader, crc)); }

std::optional<SegmentHeader> read_segment_header(std::string_view bytes) {
  const std::optional<SegmentHeader> header = read_sound_header(bytes);
  if (!header) return std::nullopt;
  for (const auto& magic : {kSegmentMagic, kFirstSegmentMagic})
    if (std::memcmp(header->magic, magic, sizeof kSegmentMagic) == 0) return header;
  return std::nullopt;
}

bool is_newer_segment(std::string_view bytes) {
  return bytes.starts_with(kAnyMagic) && read_sound_header(bytes) && !read_segment_header(bytes);
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
