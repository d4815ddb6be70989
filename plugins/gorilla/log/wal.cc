#include "gorilla/log/wal.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "gorilla/log/record.h"
#include "gorilla/log/segment.h"
#include "gorilla/log/wal_replay.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kHeaderBytes = sizeof(SegmentHeader);
constexpr size_t kMaxSpare = 2;
constexpr uint64_t kLeastSegment = 64 << 10;
constexpr size_t kMaxUnsynced = 64 << 20;

}  // namespace

Wal::Wal(FileSystem& files, WalOptions options) : files_(files), options_(std::move(options)) {}

Wal::~Wal() { (void)flush(); }

std::string Wal::path(uint64_t number) const {
  char name[32];
  std::snprintf(name, sizeof name, "/%08llu.wal", static_cast<unsigned long long>(number));
  return options_.directory + name;
}

uint32_t Wal::salt(uint64_t number) const {
  uint64_t mixed = (number + options_.salt_seed) * 0x9e3779b97f4a7c15ull;
  return static_cast<uint32_t>(mixed >> 32);
}

Result<std::unique_ptr<Wal>> Wal::open(FileSystem& files, WalOptions options) {
  std::unique_ptr<Wal> wal(new Wal(files, std::move(options)));
  const std::string& directory = wal->options_.directory;
  NIGHTLIGHT_TRY(files.create_directories(directory));
  NIGHTLIGHT_ASSIGN(names, files.list(directory));
  for (const std::string& name : names) {
    const std::string whole = directory + "/" + name;
    if (name.starts_with("spare")) {
      NIGHTLIGHT_ASSIGN(size, files.size(whole));
      MutexLock lock(wal->segments_mutex_);
      if (size == wal->options_.segment_bytes && wal->spare_.size() < kMaxSpare) {
        wal->spare_.push_back(whole);
      } else {
        NIGHTLIGHT_TRY(files.remove(whole));
      }
      continue;
    }
    const std::optional<uint64_t> number = segment_number(name);
    if (!number) continue;
    NIGHTLIGHT_ASSIGN(size, files.size(whole));
    {
      MutexLock lock(wal->segments_mutex_);
      wal->segments_.push_back(Segment{*number, 0, size, 0});
    }
    MutexLock lock(wal->next_mutex_);
    wal->next_number_ = std::max(wal->next_number_, *number + 1);
  }
  MutexLock lock(wal->segments_mutex_);
  std::sort(wal->segments_.begin(), wal->segments_.end(),
            [](const Segment& a, const Segment& b) { return a.number < b.number; });
  return wal;
}

// ---- replay
// ---------------------------------------------------------------------------------------------------------------

// The header of a segment, if records were ever written behind it. Otherwise it was made ready or recycled, and not
// begun: nothing in it was acknowledged. Only a damaged header in front of later segments hides something, and then the
// sequence has a gap, which the next segment shows.
Result<std::optional<SegmentHeader>> Wal::begun(uint64_t number) const {
  NIGHTLIGHT_ASSIGN(file, files_.open(path(number), OpenMode::kRead));
  std::string bytes(kHeaderBytes, '\0');
  NIGHTLIGHT_ASSIGN(got, file->pread(0, bytes.data(), bytes.size()));
  bytes.resize(got);
  if (is_newer_segment(bytes)) {
    return Error{Code::kUnimplemented, path(number) +
                                           " was written by a newer version of the store: start that version once, and "
                                           "stop it gracefully, so that nothing is left in the log"};
  }
  std::optional<SegmentHeader> header = read_segment_header(bytes);
  if (header && header->number != number) header.reset();
  return header;
}

Result<ReplayStats> Wal::replay(uint64_t after, const std::function<Result<void>(uint64_t, const LogBatch&)>& each) {
  std::deque<Segment> segments;
  {
    MutexLock lock(segments_mutex_);
    segments = segments_;
  }
  std::vector<WalReplay::Segment> begun_segments;
  std::vector<Segment*> all;
  for (Segment& segment : segments) {
    NIGHTLIGHT_ASSIGN(header, begun(segment.number));
    if (!header) continue;
    segment.first = header->first;
    all.push_back(&segment);
    begun_segments.push_back({path(segment.number), *header});
  }
  WalReplay replay(files_, after);
  NIGHTLIGHT_TRY(replay.run(begun_segments, each));
  for (size_t i = 0; i < all.size(); ++i) all[i]->last = begun_segments[i].last;
  for (Segment& segment : segments) {
    if (!replay.damaged().contains(segment.number)) continue;
    segment.damaged = true;
    quarantine(segment);
  }
  {
    MutexLock lock(segments_mutex_);
    segments_ = std::move(segments);
  }
  ReplayStats stats = replay.stats();
  if (!all.empty()) {
    stats.first_segment = all.front()->number;
    stats.last_segment = all.back()->number;
  }
  rewrite(replay.take_tail(), std::max(replay.last(), after), replay.durable(), stats);
  return stats;
}

// A process that died may have left its last records with the operating system alone, and after a sync that failed,
// where no other sync finds them. Once they count as durable, whoever sends such a sample again is told so at once.
void Wal::rewrite(std::string tail, uint64_t last, uint64_t durable, ReplayStats& stats) {
  {
    MutexLock lock(mutex_);
    // Blocks may reach further than a log that lost its end: positions never go back.
    appended_ = written_ = last;
    durable_ = tail.empty() ? last : durable;
  }
  if (tail.empty()) return;
  for (size_t at = 0; at < tail.size(); ++stats.rewritten_records) {
    uint32_t size;
    std::memcpy(&size, tail.data() + at + 4, 4);
    at += record_size(size);
  }
  stats.rewritten_bytes = tail.size();
  unsynced_ = std::move(tail);
  if (!run_group(last, true).ok()) return;
  // Segments that had nothing else are not needed any more; starts one after the other would fill the disk with them.
  // What cannot be given back now, a trim gives back.
  MutexLock lock(segments_mutex_);
  std::erase_if(segments_, [&](const Segment& segment) NO_THREAD_SAFETY_ANALYSIS {
    return segment.number != number_ && segment.first > durable && !segment.damaged &&
           give_back(segment, may_grow()).ok();
  });
}

void Wal::skip_to(uint64_t position) {
  MutexLock lock(mutex_);
  if (position <= appended_) return;
  if (durable_ == appended_) durable_ = position;
  appended_ = written_ = position;
}

// Keeps a copy (a link) of a damaged segment for people; failing to is no reason not to start.
void Wal::quarantine(const Segment& segment) {
  std::string directory = options_.directory + "/quarantine";
  if (!files_.create_directories(directory).ok()) return;
  std::string from = path(segment.number);
  (void)files_.link(from, directory + from.substr(from.rfind('/')));
  (void)files_.sync_directory(directory);
}

// ---- writing
// --------------------------------------------------------------------------------------------------------------

Result<void> Wal::ready() {
  {
    MutexLock lock(mutex_);
    if (failure_.empty()) {
      if (pending_.size() <= options_.max_pending_bytes) return {};
      return Error{Code::kResourceExhausted,
                   "the write-ahead log cannot keep up: too many bytes are waiting to be written"};
    }
  }
  return flush();
}

uint64_t Wal::append(const LogBatch& batch) {
  MutexLock lock(mutex_);
  size_t begin = begin_record(pending_);
  encode_batch(batch, pending_);
  end_record(pending_, begin, ++appended_);
  ++stats_.records;
  return appended_;
}

Result<void> Wal::wait(uint64_t position) {
  if (options_.ack == Ack::kMemory) return {};
  return run_group(position, options_.ack == Ack::kDurable);
}

Result<void> Wal::flush() {
  uint64_t position;
  {
    MutexLock lock(mutex_);
    position = appended_;
    if (durable_ >= position && failure_.empty()) return {};
  }
  return run_group(position, true);
}

Result<void> Wal::cut() {
  NIGHTLIGHT_TRY(flush());
  MutexLock lock(mutex_);
  cut_ = true;
  return {};
}

Result<void> Wal::run_group(uint64_t position, bool sync) {
  MutexLock lock(mutex_);
  const uint64_t failures = stats_.failures;
  while (true) {
    if ((sync ? durable_ : written_) >= position) return {};
    if (!failure_.empty() && stats_.failures != failures) return Error{Code::kUnavailable, failure_};
    if (committing_) {
      committed_.wait(mutex_);
      continue;
    }
    committing_ = true;
    std::string group = std::move(pending_);
    pending_.clear();
    const uint64_t last = appended_;
    mutex_.unlock();
    auto begin = std::chrono::steady_clock::now();
    const size_t size = group.size();
    Result<void> done = commit(group, last, sync);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    mutex_.lock();
    committing_ = false;
    ++stats_.commits;
    stats_.commit_seconds += seconds;
    stats_.bytes += size;
    if (done.ok()) {
      written_ = std::max(written_, last);
      if (sync) durable_ = std::max(durable_, last);
      failure_.clear();
      full_ = false;
      if (pending_.empty() && group.capacity() <= (4u << 20)) {
        group.clear();
        pending_.swap(group);  // Its memory is used again.
      }
    } else {
      ++stats_.failures;
      full_ = done.error().code == Code::kResourceExhausted;
      failure_ = "the write-ahead log cannot be written: " + done.error().message;
    }
    committed_.notify_all();
  }
}

// Writes what earlier commits left unsynced, when that must be written again, and the group after it. After an error
// nobody knows what of it is on disk: `unsynced_` keeps all, and the segment is not touched again.
Result<void> Wal::commit(std::string& group, uint64_t last, bool sync) {
  bool begin_segment = false, begun = false;
  {
    MutexLock lock(mutex_);
    begin_segment = std::exchange(cut_, false);
  }
  size_t from = unsynced_.size();  // Before it: written to the current segment already.
  if (from == 0) {
    unsynced_.swap(group);
  } else {
    unsynced_.append(group);
  }
  auto write = [&]() -> Result<void> {
    const size_t fresh = unsynced_.size() - from;
    if (file_ != nullptr && (begin_segment || offset_ + fresh > file_bytes_)) {
      // What the old segment has must be durable before a newer one is: recovery finds no gap.
      if (from > 0) NIGHTLIGHT_TRY(file_->sync());
      unsynced_.erase(0, from);
      file_.reset();
    }
    if (unsynced_.empty()) return {};
    if (file_ == nullptr) {
      from = 0;
      NIGHTLIGHT_TRY(start_segment());
      begun = true;
    }
    if (unsynced_.size() > from) {
      char* data = unsynced_.data() + from;
      const size_t size = unsynced_.size() - from;
      seal_records(data, size, salt(number_), sequence_of(unsynced_.data()) - 1);
      NIGHTLIGHT_TRY(file_->pwrite(offset_, data, size));
      offset_ += size;
    }
    if (!sync && unsynced_.size() < kMaxUnsynced) return {};
    NIGHTLIGHT_TRY(file_->sync());
    unsynced_.clear();
    return {};
  };
  Result<void> done = write();
  // Never again on this file: after a failed sync the kernel may believe that its pages are clean.
  if (!done.ok()) file_.reset();
  MutexLock lock(segments_mutex_);
  if (segments_.empty()) return done;
  segments_.back().last = last;
  // A segment that failed at once has nothing that is needed: tries would fill the disk with such.
  if (!done.ok() && begun && files_.remove(path(number_)).ok()) segments_.pop_back();
  return done;
}

void Wal::prepare() {
  MutexLock lock(next_mutex_);
  if (next_.file != nullptr) return;
  auto durable = [&]() -> Result<void> {
    NIGHTLIGHT_ASSIGN(made, make_file(options_.segment_bytes));
    NIGHTLIGHT_TRY(made.file->sync());
    NIGHTLIGHT_TRY(files_.sync_directory(options_.directory));
    next_ = std::move(made);
    MutexLock segments_lock(segments_mutex_);
    next_bytes_ = next_.size_bytes;
    return {};
  };
  // The commit that needs one tries again, and tells.
  (void)durable();
}

// The file of the segment with the next number, not begun: a recycled one when there is one, of `needed` bytes at
// least.
Result<Wal::NextFile> Wal::make_file(uint64_t needed) {
  const std::string name = path(next_number_);
  NextFile out{nullptr, std::max(options_.segment_bytes, needed)};
  std::string spare;
  {
    MutexLock lock(segments_mutex_);
    if (out.size_bytes == options_.segment_bytes && !spare_.empty()) {
      spare = spare_.back();
      spare_.pop_back();
    }
  }
  // Overwriting blocks that a file has already needs no journal of the file system: half the latency.
  if (!spare.empty()) NIGHTLIGHT_TRY(files_.rename_replacing(spare, name));
  if (spare.empty() && !may_grow()) return Error{Code::kResourceExhausted, "the disk is full, and its reserve in use"};
  while (out.file == nullptr) {
    NIGHTLIGHT_ASSIGN(made, files_.open(name, spare.empty() ? OpenMode::kTruncate : OpenMode::kReadWrite));
    Result<void> reserved = made->preallocate(out.size_bytes);
    if (reserved.ok()) {
      out.file = std::move(made);
      continue;
    }
    // The part of it that found room would keep others from theirs.
    made.reset();
    static_cast<void>(files_.remove(name).ok());
    spare.clear();
    uint64_t& size = out.size_bytes;
    if (reserved.error().code != Code::kResourceExhausted || size == needed || size <= kLeastSegment)
      return std::move(reserved).error();
    size = std::max({size / 2, needed, std::min(kLeastSegment, size)});
  }
  return out;
}

// A new segment for everything that is unsynced. Its header becomes durable with its first records: without it, the
// file counts as not begun.
Result<void> Wal::start_segment() {
  const uint64_t needed = kHeaderBytes + unsynced_.size();
  MutexLock lock(next_mutex_);
  NextFile next = std::exchange(next_, {});
  {
    MutexLock segments_lock(segments_mutex_);
    next_bytes_ = 0;
  }
  if (next.file == nullptr || next.size_bytes < needed) {
    next.file.reset();
    NIGHTLIGHT_ASSIGN(made, make_file(needed));
    next = std::move(made);
    // Its name is durable before any record in it is acknowledged.
    NIGHTLIGHT_TRY(files_.sync_directory(options_.directory));
  }
  SegmentHeader header{};
  std::memcpy(header.magic, kSegmentMagic, sizeof kSegmentMagic);
  header.number = next_number_;
  std::memcpy(&header.first, unsynced_.data() + 8, 8);  // The sequence of the first record.
  header.salt = salt(next_number_);
  header.crc = segment_header_crc(header);
  NIGHTLIGHT_TRY(next.file->pwrite(0, &header, sizeof header));
  number_ = next_number_++;
  file_ = std::move(next.file);
  file_bytes_ = next.size_bytes;
  offset_ = kHeaderBytes;
  MutexLock segments_lock(segments_mutex_);
  segments_.push_back(Segment{number_, 0, file_bytes_, header.first});
  return {};
}

// ---- trimming
// -------------------------------------------------------------------------------------------------------------

Result<void> Wal::trim(uint64_t position) {
  // The mutex keeps a commit from beginning, so that the last segment stays the one that is written.
  MutexLock lock(mutex_);
  while (committing_) committed_.wait(mutex_);
  MutexLock next_lock(next_mutex_);
  MutexLock segments_lock(segments_mutex_);
  const bool keep_spare = may_grow();
  if (!keep_spare && next_.file != nullptr) {
    next_.file.reset();
    next_bytes_ = 0;
    NIGHTLIGHT_TRY(files_.remove(path(next_number_)));
  }
  for (; !keep_spare && !spare_.empty(); spare_.pop_back()) NIGHTLIGHT_TRY(files_.remove(spare_.back()));
  while (!segments_.empty() && segments_.front().last <= position) {
    if (segments_.size() == 1 && file_ != nullptr) break;
    NIGHTLIGHT_TRY(give_back(segments_.front(), keep_spare));
    segments_.pop_front();
  }
  return {};
}

// The file of a segment that is not needed any more: used again when it may be, and removed otherwise.
Result<void> Wal::give_back(const Segment& segment, bool keep_spare) {
  std::string name = path(segment.number);
  // Of a damaged one people have a link, and want it as it was.
  const bool usable = segment.size_bytes == options_.segment_bytes && !segment.damaged;
  if (!keep_spare || !usable || spare_.size() >= kMaxSpare) return files_.remove(name);
  std::string spare = options_.directory + "/spare" + name.substr(name.rfind('/') + 1);
  NIGHTLIGHT_TRY(files_.rename_replacing(name, spare));
  spare_.push_back(std::move(spare));
  return {};
}

LogStats Wal::stats() const {
  MutexLock lock(mutex_);
  LogStats out = stats_;
  out.pending_bytes = pending_.size();
  out.durable = durable_;
  out.failed = !failure_.empty();
  out.full = full_;
  MutexLock segments_lock(segments_mutex_);
  out.segments = segments_.size();
  out.segment_bytes = next_bytes_;
  for (const Segment& s : segments_) out.segment_bytes += s.size_bytes;
  return out;
}

}  // namespace nightlight::gorilla
