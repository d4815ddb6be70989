#include "gorilla/log/record.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"

namespace nightlight::gorilla {
namespace {

struct Header {
  uint32_t magic;
  uint32_t size;
  uint64_t sequence;
  uint32_t crc;
  uint32_t reserved;
};
static_assert(sizeof(Header) == kRecordHeader);

uint32_t checksum(const Header& header, const char* payload, uint32_t salt) {
  uint64_t covered[2] = {header.sequence, header.size};
  return crc32c(payload, header.size, crc32c(covered, sizeof covered, salt));
}

}  // namespace

size_t begin_record(std::string& out) {
  size_t begin = out.size();
  out.append(kRecordHeader, '\0');
  return begin;
}

void end_record(std::string& out, size_t begin, uint64_t sequence) {
  Header header{kRecordMagic, static_cast<uint32_t>(out.size() - begin - kRecordHeader), sequence, 0, 0};
  std::memcpy(out.data() + begin, &header, sizeof header);
  out.append((8 - out.size() % 8) % 8, '\0');
}

void seal_records(char* data, size_t size, uint32_t salt) {
  for (size_t at = 0; at < size;) {
    Header header;
    std::memcpy(&header, data + at, sizeof header);
    header.crc = checksum(header, data + at + kRecordHeader, salt);
    std::memcpy(data + at, &header, sizeof header);
    at += record_size(header.size);
  }
}

std::optional<Record> read_record(std::string_view bytes, uint32_t salt) {
  if (bytes.size() < kRecordHeader) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kRecordMagic || header.size > bytes.size() - kRecordHeader) return std::nullopt;
  if (header.crc != checksum(header, bytes.data() + kRecordHeader, salt)) return std::nullopt;
  return Record{header.sequence, bytes.substr(kRecordHeader, header.size),
                std::min(record_size(header.size), bytes.size())};
}

}  // namespace nightlight::gorilla
