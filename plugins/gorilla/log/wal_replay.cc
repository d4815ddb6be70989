#include "gorilla/log/wal_replay.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

#include "gorilla/log/record.h"

namespace nightlight::gorilla {
namespace {

// What was written of one segment after the other, in the same memory: segments are large, and mostly empty.
class SegmentMemory {
 public:
  // Valid until the next.
  Result<std::string_view> read(FileSystem& files, const std::string& path) {
    NIGHTLIGHT_ASSIGN(file, files.open(path, OpenMode::kRead));
    NIGHTLIGHT_ASSIGN(end, file->written_end());
    if (end > size_) {
      bytes_ = std::make_unique_for_overwrite<char[]>(end);
      size_ = end;
    }
    NIGHTLIGHT_ASSIGN(got, file->pread(0, bytes_.get(), end));
    return std::string_view(bytes_.get(), got);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  uint64_t size_ = 0;
};

}  // namespace

Result<void> WalReplay::run(std::span<Segment> segments, const Each& each) {
  Result<void> done;
  std::thread reader([&] {
    try {
      done = read(segments);
    } catch (const std::exception& e) {
      done = Error{Code::kResourceExhausted, std::string("reading the log: ") + e.what()};
    }
    queue_.end();
  });
  struct Joined {
    std::thread& thread;
    RecordQueue& queue;
    ~Joined() {
      queue.leave();
      if (thread.joinable()) thread.join();
    }
  };
  {
    Joined joined{reader, queue_};
    NIGHTLIGHT_TRY(take_all(each));
  }
  NIGHTLIGHT_TRY(std::move(done));
  stats_.records = taken_records_;
  stats_.samples = taken_samples_;
  stats_.damaged_records += refused_.size();
  stats_.torn_bytes = scan_.torn_bytes();  // Only those of the last one count.
  damaged_.merge(refused_segments_);
  return {};
}

Result<void> WalReplay::take_all(const Each& each) {
  while (RecordQueue::Owner record = queue_.take()) {
    const LogBatch& batch = record->decoded.batch();
    Result<void> taken = each(record->sequence, batch);
    if (taken.ok()) {
      ++taken_records_;
      taken_samples_ += batch.sample_series.size() + batch.histograms.size();
    } else if (taken.error().code == Code::kDataLoss) {
      refused_.insert(record->sequence);
      refused_segments_.insert(record->segment);
    } else {
      return taken;
    }
    queue_.give_back(std::move(record));
  }
  return {};
}

Result<void> WalReplay::read(std::span<Segment> segments) {
  SegmentMemory memory;
  for (size_t i = 0; i < segments.size(); ++i) {
    Segment& segment = segments[i];
    NIGHTLIGHT_ASSIGN(bytes, memory.read(files_, segment.path));
    NIGHTLIGHT_TRY(
        scan_.segment(bytes, segment.header, i + 1 < segments.size() ? segments[i + 1].header.first : UINT64_MAX));
    segment.last = scan_.newest();
  }
  return {};
}

Result<void> WalReplay::record(const LogScan::Found& found) {
  if (found.sequence <= after_) {
    ++stats_.skipped_records;
    return {};
  }
  RecordQueue::Owner record = queue_.make();
  if (record == nullptr) return Error{Code::kCancelled, "nobody takes the log's records any more"};
  record->segment = found.segment;
  record->sequence = found.sequence;
  record->payload.assign(found.payload);
  if (!record->decoded.decode(record->payload).ok()) {
    ++stats_.damaged_records;
    damaged_.insert(found.segment);
    return {};
  }
  keep(found);
  queue_.put(std::move(record));
  return {};
}

void WalReplay::damage(const LogScan::Damage& found) {
  // Records in front of a whole segment may have been given up: they count as one.
  stats_.damaged_records += found.size_bytes > 0 ? found.missing : 1;
  stats_.damaged_bytes += found.size_bytes;
  damaged_.insert(found.segment);
}

uint64_t WalReplay::durable() const { return std::max(scan_.durable(), after_); }

void WalReplay::keep(const LogScan::Found& found) {
  if (found.sequence <= durable()) return;
  if (kept_last_ <= durable()) tail_.clear();
  const size_t begin = begin_record(tail_);
  tail_.append(found.payload);
  end_record(tail_, begin, found.sequence);
  kept_last_ = found.sequence;
}

std::string WalReplay::take_tail() {
  std::string out;
  for (size_t at = 0; at < tail_.size();) {
    uint32_t size;
    std::memcpy(&size, tail_.data() + at + 4, 4);
    const uint64_t sequence = sequence_of(tail_.data() + at);
    const size_t end = at + record_size(size);
    if (sequence > durable() && !refused_.contains(sequence)) out.append(tail_, at, end - at);
    at = end;
  }
  tail_.clear();
  return out;
}

}  // namespace nightlight::gorilla
