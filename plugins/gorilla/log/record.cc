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
  uint32_t lag;
};
static_assert(sizeof(Header) == kRecordHeader);

uint32_t checksum(const Header& header, const char* payload, uint32_t salt) {
  uint64_t covered[2] = {header.sequence, header.size | uint64_t{header.lag} << 32};
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

void seal_records(char* data, size_t size, uint32_t salt, uint64_t durable) {
  for (size_t at = 0; at < size;) {
    Header header;
    std::memcpy(&header, data + at, sizeof header);
    const uint64_t lag = header.sequence > durable ? header.sequence - durable : 0;
    header.lag = lag <= UINT32_MAX ? static_cast<uint32_t>(lag) : 0;
    header.crc = checksum(header, data + at + kRecordHeader, salt);
    std::memcpy(data + at, &header, sizeof header);
    at += record_size(header.size);
  }
}

uint64_t sequence_of(const char* data) {
  Header header;
  std::memcpy(&header, data, sizeof header);
  return header.sequence;
}

std::optional<Record> read_record(std::string_view bytes, uint32_t salt) {
  if (bytes.size() < kRecordHeader) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kRecordMagic || header.size > bytes.size() - kRecordHeader) return std::nullopt;
  if (header.crc != checksum(header, bytes.data() + kRecordHeader, salt)) return std::nullopt;
  const uint64_t durable = header.lag == 0 ? 0 : header.sequence - std::min<uint64_t>(header.lag, header.sequence);
  return Record{header.sequence, durable, bytes.substr(kRecordHeader, header.size),
                std::min(record_size(header.size), bytes.size())};
}

}  // namespace nightlight::gorilla
