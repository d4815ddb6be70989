#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "gorilla/log/log_batch.h"
#include "gorilla/log/log_scan.h"
#include "gorilla/log/segment.h"
#include "gorilla/offline/check.h"

namespace nightlight::gorilla {
namespace {

class LogCheck final : public LogScan::Visitor {
 public:
  LogCheck(uint64_t after, SeriesIds ids, std::vector<Damage>* damages) : after_(after), ids_(ids), damages_(damages) {}

  Result<void> record(const LogScan::Found& found) override {
    ++records;
    auto tell_record = [&](const std::string& what) {
      tell(found.segment, found.offset, "record " + std::to_string(found.sequence) + what);
    };
    if (!decoded_.decode(found.payload).ok()) {
      tell_record(" is no batch of samples");
    } else if (found.sequence > after_ && !ids_.take(decoded_.batch().new_series)) {
      tell_record(std::string(": ") + kIdNotGiven);
    }
    return {};
  }
  void damage(const LogScan::Damage& found) override {
    if (found.size_bytes > 0) {
      tell(found.segment, found.offset, std::to_string(found.size_bytes) + " bytes are no record");
      return;
    }
    const auto headless = headless_before.find(found.segment);
    const std::string missing = "records " + std::to_string(found.first_missing) + " to " +
                                std::to_string(found.first_missing + found.missing - 1) + " are missing";
    if (headless != headless_before.end())
      damages_->push_back(
          {headless->second, 0, "the header is wrong, and records before " + files[found.segment] + " are missing"});
    tell(found.segment, 0, missing + " before it");
  }

  std::map<uint64_t, std::string> files;            // The names of segments.
  std::map<uint64_t, std::string> headless_before;  // The file before a segment, when it has no header of its own.
  uint64_t records = 0;

 private:
  void tell(uint64_t segment, uint64_t offset, std::string what) {
    damages_->push_back({files[segment], offset, std::move(what)});
  }

  const uint64_t after_;
  SeriesIds ids_;
  std::vector<Damage>* damages_;
  DecodedBatch decoded_;
};

}  // namespace

Result<std::vector<Damage>> check_log(FileSystem& files, const std::string& directory, uint64_t after, SeriesIds ids,
                                      ByteProgress& progress, CheckReport* counts) {
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
  LogCheck check(after, ids, &damages);
  std::vector<SegmentHeader> begun;
  std::string headless;
  for (const auto& [number, name] : segments) {
    NIGHTLIGHT_ASSIGN(file, files.open(directory + "/" + name, OpenMode::kRead));
    std::string bytes(sizeof(SegmentHeader), '\0');
    NIGHTLIGHT_ASSIGN(got, file->pread(0, bytes.data(), bytes.size()));
    bytes.resize(got);
    const std::string& path = check.files[number] = std::string(kLogDirectory) + "/" + name;
    const std::optional<SegmentHeader> header = read_segment_header(bytes);
    if (is_newer_segment(bytes)) {
      damages.push_back({path, 0, "it was written by a newer version of the store", true});
    } else if (!header || header->number != number) {
      headless = path;  // Prepared and not begun, unless what follows shows that something is missing.
    } else {
      if (!headless.empty()) check.headless_before[number] = std::exchange(headless, {});
      begun.push_back(*header);
    }
  }
  LogScan scan(check);
  size_t next = 0;  // In `begun`.
  for (const auto& [number, name] : segments) {
    NIGHTLIGHT_ASSIGN(bytes, read_file(files, directory + "/" + name, UINT64_MAX));
    progress.add(bytes.size());
    ++counts->files;
    counts->bytes += bytes.size();
    if (next == begun.size() || begun[next].number != number) continue;
    const SegmentHeader& header = begun[next++];
    NIGHTLIGHT_TRY(scan.segment(bytes, header, next < begun.size() ? begun[next].first : UINT64_MAX));
  }
  counts->log_records += check.records;
  return damages;
}

}  // namespace nightlight::gorilla
