// What the store does on its own: sealing, compacting, dropping what has expired.
#include <algorithm>
#include <chrono>

#include "gorilla/seal/series_snapshot.h"
#include "gorilla/store.h"

namespace nightlight::gorilla {
namespace {

// Small blocks cost more than the memory that they free: an early seal waits for so many samples a series, or, where
// series are many, for so many in all, but not for less than a few of each: a seal has costs of its own for each
// series.
constexpr uint64_t kSamplesPerSeriesToSeal = 60, kFewestPerSeriesToSeal = 25;
constexpr uint64_t kSamplesToSeal = 30'000'000;
// A series without samples for so many generations leaves the head.
constexpr uint32_t kIdleSeals = 3;
// Failed seals and compactions are tried again after so long.
constexpr std::chrono::seconds kRetry(5);

}  // namespace

bool Store::head_is_full() const {
  const uint64_t open = head_->open_samples();
  if (open < options_.max_head_samples) return false;
  const uint64_t series = head_->series_count();
  return open >= kSamplesPerSeriesToSeal * series || open >= std::max(kSamplesToSeal, kFewestPerSeriesToSeal * series);
}

// Senders may drop what is refused for its rate; a disk that lets nothing be sealed is no matter of theirs.
Error Store::why_head_is_full() {
  MutexLock lock(seal_failure_mutex_);
  if (!seal_failure_.empty()) return {Code::kUnavailable, "the head is full, and cannot be sealed: " + seal_failure_};
  return {Code::kResourceExhausted, "sealing cannot keep up with the samples that arrive"};
}

Result<void> Store::seal() {
  MutexLock lock(seal_mutex_);
  return seal_locked();
}

Result<void> Store::seal_locked() {
  Result<void> done = seal_generation();
  if (!done.ok() && give_reserve(done.error())) done = seal_generation();
  reserve_->keep();
  MutexLock lock(seal_failure_mutex_);
  seal_failure_ = done.ok() ? std::string() : done.error().message;
  return done;
}

bool Store::give_reserve(const Error& error) {
  if (error.code != Code::kResourceExhausted || !reserve_->release()) return false;
  log(host_, LogLevel::kWarn, "the disk is full: its reserve is used", {{"error", error.message}});
  return true;
}

Result<void> Store::seal_generation() {
  std::shared_ptr<Generation> generation = head_->frozen();
  if (generation == nullptr) {
    if (writable_.load()) log_->prepare();
    generation = head_->freeze();
    published_ = false;
    // Segments end where generations do, so that they can be freed.
    if (generation != nullptr) (void)log_->cut();
  }
  if (generation == nullptr) return {};
  sealing_.store(true);
  const auto begin = std::chrono::steady_clock::now();
  if (!published_) {
    BlockMeta meta;
    meta.id = Ulid::make(host_->now_ms());
    BlockOptions options = block_options_of_level(0);
    options.gorilla_only = options_.head.xor_only;
    NIGHTLIGHT_ASSIGN(block, write_generation(*head_, generation, host_, *bucket_, meta, options, seal_progress_));
    if (block) {
      const BlockMeta added[] = {*block};
      NIGHTLIGHT_TRY(blocks_->change(added, {}));
    }
    published_ = true;
  }
  if (generation->last_position > 0) {
    NIGHTLIGHT_TRY(write_series_snapshot(*bucket_, *head_, generation->last, generation->last_position));
    NIGHTLIGHT_TRY(log_->trim(generation->last_position));
  }
  head_->drop_frozen();
  sealing_.store(false);
  head_->collect_garbage(kIdleSeals);
  ++seals_;
  seal_seconds_.store(seal_seconds_.load() +
                      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return {};
}

void Store::compact() {
  const LadderOptions ladder{options_.block_duration_ms, retention_ms_.load()};
  while (!stop_requested_.load()) {
    MutexLock lock(compaction_mutex_);
    Result<bool> done = compactor_->run_one(ladder, room_to_compact());
    if (!done.ok()) log(host_, LogLevel::kError, "compaction failed", {{"error", done.error().message}});
    if (!done.ok() || !*done) return;
  }
}

void Store::drop_expired() {
  MutexLock lock(compaction_mutex_);
  const uint64_t log_bytes = log_->stats().segment_bytes;
  const uint64_t most = retention_bytes_.load();
  const uint64_t for_blocks = most == 0 ? 0 : most > log_bytes ? most - log_bytes : 1;
  Result<bool> dropped = compactor_->drop_expired(retention_ms_.load(), for_blocks);
  if (!dropped.ok() && give_reserve(dropped.error()))
    dropped = compactor_->drop_expired(retention_ms_.load(), for_blocks);
  reserve_->keep();
  if (!dropped.ok())
    log(host_, LogLevel::kError, "expired blocks cannot be dropped", {{"error", dropped.error().message}});
  if (!dropped.ok() || *dropped) head_->changes().note(INT64_MIN);
}

// Compaction needs room for its output before it frees any. Some is left to the log and to seals: a twentieth of the
// disk, and of a large one a gibibyte.
uint64_t Store::room_to_compact() const {
  constexpr uint64_t kPartOfDisk = 20, kMostLeft = uint64_t{1} << 30;
  Result<uint64_t> free = files_.free_space(options_.path), total = files_.total_space(options_.path);
  if (!free.ok() || !total.ok()) return UINT64_MAX;
  return *free - std::min(*free, std::min(*total / kPartOfDisk, kMostLeft));
}

bool Store::pause(std::chrono::milliseconds time) {
  MutexLock lock(maintenance_mutex_);
  if (!stopping_) maintenance_wake_.wait_until(maintenance_mutex_, std::chrono::steady_clock::now() + time);
  return !stopping_;
}

void Store::run_sealing() {
  using Clock = std::chrono::steady_clock;
  const std::chrono::milliseconds interval(options_.seal_interval_ms);
  auto next = Clock::now() + interval;
  bool failing = false;
  while (pause(std::chrono::seconds(1))) {
    reserve_->keep();
    blocks_->resize_cache(
        std::max(options_.page_cache_bytes, options_.page_cache_bytes_per_series * head_->series_count()));
    (void)log_->flush();
    // A log without room gets it from a seal, which frees its files.
    const bool early =
        head_is_full() || (log_->stats().full && (head_->open_samples() > 0 || head_->frozen() != nullptr));
    if (Clock::now() < next && (failing || !early)) continue;
    Result<void> done = seal();
    failing = !done.ok();
    if (failing) {
      ++seal_failures_;
      log(host_, LogLevel::kError, "the head cannot be sealed, trying again", {{"error", done.error().message}});
    } else {
      compaction_due_.store(true);
    }
    next = Clock::now() + (failing ? std::chrono::milliseconds(kRetry) : interval);
  }
}

void Store::run_compaction() {
  using Clock = std::chrono::steady_clock;
  const std::chrono::milliseconds interval(options_.compaction_interval_ms);
  auto next = Clock::now();  // What the last process left undone.
  while (pause(std::chrono::seconds(1))) {
    if (!compaction_due_.exchange(false) && Clock::now() < next) continue;
    drop_expired();
    compact();
    next = Clock::now() + interval;
  }
}

}  // namespace nightlight::gorilla
