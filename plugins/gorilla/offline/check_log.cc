#include <algorithm>
#include <cstring>

#include "gorilla/log/log_batch.h"
#include "gorilla/log/record.h"
#include "gorilla/log/segment.h"
#include "gorilla/offline/check.h"

namespace nightlight::gorilla {
namespace {

// The record that begins at `at`, if it can be one of this life of the file.
std::optional<Record> record_at(std::string_view all, size_t at, const SegmentHeader& header) {
  uint32_t magic = 0;
  uint64_t sequence = 0;
  std::memcpy(&magic, all.data() + at, sizeof magic);
  std::memcpy(&sequence, all.data() + at + 8, sizeof sequence);
  if (magic != kRecordMagic || sequence < header.first) return std::nullopt;
  return read_record(all.substr(at), header.salt);
}

// Reads the records of one segment; `last` is the newest sequence number so far.
void check_segment(std::string_view all, const SegmentHeader& header, const std::string& file, uint64_t* last,
                   std::vector<Damage>* damages, CheckReport* counts) {
  if (*last > 0 && header.first > *last + 1) {
    damages->push_back({file, 0,
                        "records " + std::to_string(*last + 1) + " to " + std::to_string(header.first - 1) +
                            " are missing before it"});
  }
  DecodedBatch decoded;
  size_t at = sizeof(SegmentHeader), hole = 0;  // `hole`: where bytes that are no record began; 0: not in one.
  while (at + kRecordHeader <= all.size()) {
    std::optional<Record> record = record_at(all, at, header);
    if (!record) {
      if (hole == 0) hole = at;
      at += 8;
      continue;
    }
    // Behind the last record there may be anything: what a crash tore, and what the file held in its last life.
    if (hole != 0) {
      damages->push_back({file, hole, std::to_string(at - hole) + " bytes are no record"});
      hole = 0;
    }
    if (!decoded.decode(record->payload).ok())
      damages->push_back({file, at, "record " + std::to_string(record->sequence) + " is no batch of samples"});
    ++counts->log_records;
    *last = std::max(*last, record->sequence);
    at += record->size;
  }
}

}  // namespace

Result<std::vector<Damage>> check_log(FileSystem& files, const std::string& directory, ByteProgress& progress,
                                      CheckReport* counts) {
  auto names = files.list(directory);
  if (!names.ok()) {
    if (names.error().code == Code::kNotFound) return std::vector<Damage>();  // A snapshot has no log.
    return std::move(names).error();
  }
  std::vector<std::pair<uint64_t, std::string>> segments;
  for (const std::string& name : *names) {
    const std::optional<uint64_t> number = segment_number(name);
    if (!number) continue;
    NIGHTLIGHT_ASSIGN(size, files.size(directory + "/" + name));
    progress.expect(size);
    segments.emplace_back(*number, name);
  }
  std::sort(segments.begin(), segments.end());
  std::vector<Damage> damages;
  uint64_t last = 0;
  std::string headless;  // The file before, when it has no header of its own.
  for (const auto& [number, name] : segments) {
    NIGHTLIGHT_ASSIGN(bytes, read_file(files, directory + "/" + name, UINT64_MAX));
    progress.add(bytes.size());
    ++counts->files;
    counts->bytes += bytes.size();
    const std::string file = std::string(kLogDirectory) + "/" + name;
    if (is_newer_segment(bytes)) {
      damages.push_back({file, 0, "it was written by a newer version of the store", true});
      continue;
    }
    const std::optional<SegmentHeader> header = read_segment_header(bytes);
    if (!header || header->number != number) {
      headless = file;  // Prepared and not begun, unless what follows shows that something is missing.
      continue;
    }
    if (!headless.empty() && last > 0 && header->first > last + 1)
      damages.push_back({headless, 0, "the header is wrong, and records before " + file + " are missing"});
    headless.clear();
    check_segment(bytes, *header, file, &last, &damages, counts);
  }
  return damages;
}

}  // namespace nightlight::gorilla
