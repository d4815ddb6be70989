// Records as they stand in WAL segments and in the series log: a 24-byte header and a payload, padded to 8 bytes.
//
//   u32 magic "NLR1"   u32 payload size   u64 sequence   u32 CRC32C   u32 lag
//
// `lag`: everything up to sequence - lag was durable when the record was written; 0 says nothing.
//
// The checksum covers sequence, size, lag and payload and begins with a salt of the file, so that records left from an
// earlier life of a recycled file are none.
#ifndef NIGHTLIGHT_GORILLA_LOG_RECORD_H_
#define NIGHTLIGHT_GORILLA_LOG_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nightlight::gorilla {

inline constexpr uint32_t kRecordMagic = 0x31524c4e;
inline constexpr size_t kRecordHeader = 24;

inline size_t record_size(size_t payload) { return (kRecordHeader + payload + 7) & ~size_t{7}; }

// Makes room for a header at the end of `out`; the payload is to be appended. Answers where the record begins.
size_t begin_record(std::string& out);
// Pads the record that begins at `begin` and fills its header, except for lag and checksum.
void end_record(std::string& out, size_t begin, uint64_t sequence);
// Fills the lags and checksums of the records in [data, data + size), which are written when everything up to `durable`
// is. UINT64_MAX: nobody knows what is.
void seal_records(char* data, size_t size, uint32_t salt, uint64_t durable);
// The sequence of the record that begins at `data`.
uint64_t sequence_of(const char* data);

struct Record {
  uint64_t sequence;
  uint64_t durable;  // What was when it was written; 0: it does not say.
  std::string_view payload;
  size_t size;  // Of header, payload and padding.
};
// The record at the beginning of `bytes`, when it is whole and its checksum right.
std::optional<Record> read_record(std::string_view bytes, uint32_t salt);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_LOG_RECORD_H_
