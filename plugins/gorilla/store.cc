#include "gorilla/store.h"

#include <chrono>
#include <random>

#include "gorilla/seal/series_ids.h"
#include "gorilla/seal/series_snapshot.h"
#include "gorilla/store_fields.h"

namespace nightlight::gorilla {
namespace {

uint64_t random_word() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

// ---- life
// -------------------------------------------------------------------------------------------------------------------

void* Store::query(Str id) noexcept {
  std::string_view name = view(id);
  if (name == kSinkId) return as<Sink>(this);
  if (name == kStorageId) return as<Storage>(this);
  if (name == kExemplarStorageId) return as<ExemplarStorage>(this);
  if (name == kMetadataStorageId) return as<MetadataStorage>(this);
  if (name == kStorageAdminId) return as<StorageAdmin>(this);
  if (name == kSnapshotProgressId) return as<SnapshotProgress>(this);
  if (name == kLogReplayId) return as<LogReplay>(this);
  if (name == kMetricsSourceId) return as<MetricsSource>(this);
  if (name == kOfflineStorageId) return as<OfflineStorage>(&offline_);
  return nullptr;
}

Status Store::configure(Config* config) noexcept {
  return guard(host_, [&]() -> Status {
    Settings s(config);
    StoreOptions& o = options_;
    o.path = s.text("path");
    if (o.path.empty()) return host_->fail(Code::kInvalidArgument, str(s.position("path") + ": must not be empty"));
    o.retention_ms = s.integer("retention");
    o.retention_bytes = static_cast<uint64_t>(s.integer("retention_size"));
    o.wal_segment_bytes = static_cast<uint64_t>(s.integer("wal_segment_size"));
    o.block_duration_ms = s.integer("block_duration");
    o.max_head_samples = static_cast<uint64_t>(s.integer("max_head_samples"));
    o.seal_interval_ms = s.integer("seal_interval");
    o.compaction_interval_ms = s.integer("compaction_interval");
    o.compaction_write_rate = static_cast<uint64_t>(s.integer("compaction_write_rate"));
    o.page_cache_bytes = static_cast<uint64_t>(s.integer("page_cache"));
    o.page_cache_bytes_per_series = static_cast<uint64_t>(s.integer("page_cache_per_series"));
    o.disk_reserve_bytes = static_cast<uint64_t>(s.integer("disk_reserve"));
    std::string ack = s.text("ack");
    o.ack = ack == "memory" ? Ack::kMemory : ack == "os" ? Ack::kOs : Ack::kDurable;
    o.head.out_of_order_window_ms = s.integer("out_of_order_window");
    o.head.max_future_ms = s.integer("max_future");
    o.head.max_series = static_cast<uint64_t>(s.integer("max_series"));
    o.head.max_new_series_per_second = static_cast<uint64_t>(s.integer("max_new_series_per_second"));
    o.head.max_labels = static_cast<uint64_t>(s.integer("max_labels"));
    o.head.max_label_name_bytes = static_cast<uint64_t>(s.integer("max_label_name_bytes"));
    o.head.max_label_value_bytes = static_cast<uint64_t>(s.integer("max_label_value_bytes"));
    o.head.max_exemplars = static_cast<uint64_t>(s.integer("max_exemplars"));
    o.head.xor_only = s.text("mode") == "gorilla-only";
    o.head.hash_secret = random_word();
    return kOkStatus;
  });
}

Status Store::start() noexcept {
  return guard(host_, [&]() -> Status {
    if (Result<void> done = recover(); !done.ok()) return fail(done.error());
    running_.store(true);
    writable_.store(true);
    stop_requested_.store(false);
    sealing_thread_ = std::thread([this] { run_sealing(); });
    compaction_thread_ = std::thread([this] { run_compaction(); });
    return kOkStatus;
  });
}

Result<void> Store::recover() {
  auto begin = std::chrono::steady_clock::now();
  NIGHTLIGHT_TRY(files_.create_directories(options_.path));
  NIGHTLIGHT_ASSIGN(locked, files_.lock(options_.path + "/lock"));
  lock_ = std::move(locked);
  reserve_ = std::make_unique<DiskReserve>(files_, options_.path + "/reserve", options_.disk_reserve_bytes);
  reserve_->keep();
  NIGHTLIGHT_ASSIGN(bucket, open_local_bucket(files_, options_.path + "/blocks"));
  bucket_ = std::move(bucket);
  blocks_ = std::make_unique<BlockList>(*bucket_, options_.page_cache_bytes);
  NIGHTLIGHT_TRY(blocks_->open());
  const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
  for (const auto& block : *open) {
    if (!block->damage.empty()) log(host_, LogLevel::kError, "damaged block", {{"error", block->damage}});
  }
  compactor_ = std::make_unique<Compactor>(*blocks_, *bucket_, host_,
                                           CompactorOptions{options_.head.xor_only, options_.compaction_write_rate},
                                           [this] { return !stop_requested_.load() && interrupting_.load() == 0; });
  retention_ms_.store(options_.retention_ms);
  retention_bytes_.store(options_.retention_bytes);
  head_ = std::make_unique<Head>(options_.head);
  known_series_ = std::make_unique<KnownSeries>();  // Of this head's ids.
  WalOptions wal;
  wal.directory = options_.path + "/wal";
  wal.segment_bytes = options_.wal_segment_bytes;
  wal.ack = options_.ack;
  wal.salt_seed = static_cast<uint32_t>(random_word());
  wal.may_grow = [this] { return !reserve_->is_out(); };
  NIGHTLIGHT_ASSIGN(opened, Wal::open(files_, wal));
  log_ = std::move(opened);
  NIGHTLIGHT_ASSIGN(snapshot, read_series_snapshot(*bucket_, *head_));
  // A crash between a seal's block and its snapshot leaves records whose samples are in the block already.
  const uint64_t sealed = blocks_->sealed_position();
  SeriesIds ids(snapshot, sealed > 0);
  auto replayed = log_->replay(snapshot.position, [&](uint64_t position, const LogBatch& batch) -> Result<void> {
    if (!ids.take(batch.new_series)) return Error{Code::kDataLoss, kIdNotGiven};
    position <= sealed ? head_->replay_sealed(batch) : head_->replay(position, batch);
    return {};
  });
  if (!replayed.ok()) return std::move(replayed).error().with("replaying the write-ahead log");
  replayed_ = *replayed;
  log_->skip_to(sealed);
  for (const auto& block : *open) head_->restore_max_time(block->meta.max_time_ms);
  head_->finish_recovery();
  replay_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  log(host_, replayed_.damaged_records > 0 ? LogLevel::kError : LogLevel::kInfo, "write-ahead log replayed",
      {{"records", std::to_string(replayed_.records)},
       {"samples", std::to_string(replayed_.samples)},
       {"damaged_records", std::to_string(replayed_.damaged_records)},
       {"torn_bytes", std::to_string(replayed_.torn_bytes)},
       {"rewritten_bytes", std::to_string(replayed_.rewritten_bytes)},
       {"seconds", std::to_string(replay_seconds_)}});
  if (Result<void> ready = log_->ready(); !ready.ok())
    log(host_, LogLevel::kError, "no samples are taken until the log can be written",
        {{"error", ready.error().message}});
  return {};
}

Status Store::drain(int64_t) noexcept {
  return guard(host_, [&]() -> Status {
    writable_.store(false);
    if (log_ == nullptr || !running_.load()) return kOkStatus;
    if (Result<void> done = log_->flush(); !done.ok()) return fail(done.error());
    // The next start has nothing to replay. When that fails, the log has everything.
    if (Result<void> done = seal(); !done.ok())
      log(host_, LogLevel::kWarn, "the head could not be sealed at the end", {{"error", done.error().message}});
    return kOkStatus;
  });
}

Status Store::stop() noexcept {
  return guard(host_, [&]() -> Status {
    writable_.store(false);
    {
      MutexLock lock(maintenance_mutex_);
      stopping_ = true;
      stop_requested_.store(true);
      maintenance_wake_.notify_all();
    }
    for (std::thread* thread : {&sealing_thread_, &compaction_thread_})
      if (thread->joinable()) thread->join();
    running_.store(false);
    log_.reset();
    lock_.reset();
    return kOkStatus;
  });
}

Status Store::reconfigure(Config* config) noexcept {
  return guard(host_, [&]() -> Status {
    Settings s(config);
    retention_ms_.store(s.integer("retention"));
    retention_bytes_.store(static_cast<uint64_t>(s.integer("retention_size")));
    compaction_due_.store(true);
    return kOkStatus;
  });
}

Status Store::health() noexcept {
  return guard(host_, [&]() -> Status {
    if (!running_.load()) return host_->fail(Code::kUnavailable, str("the store is not running"));
    if (log_->stats().failed) return host_->fail(Code::kUnavailable, str("the write-ahead log cannot be written"));
    return kOkStatus;
  });
}

void Store::release() noexcept {
  (void)stop();
  delete this;
}

// ---- writing
// ----------------------------------------------------------------------------------------------------------------

Status Store::admit(const CallContext* context) {
  if (!running_.load(std::memory_order_acquire))
    return host_->fail(Code::kUnavailable, str("the store is not running"));
  if (context == nullptr) return kOkStatus;
  if (context->tenant.size > 0)
    return host_->fail(Code::kUnimplemented, str("this store serves the default tenant only"));
  if (context->cancelled != nullptr && __atomic_load_n(context->cancelled, __ATOMIC_RELAXED) != 0)
    return host_->fail(Code::kCancelled, str("the caller has gone"));
  if (context->deadline_ns != INT64_MAX && host_->monotonic_ns() >= context->deadline_ns)
    return host_->fail(Code::kDeadlineExceeded, str("the time for this call has passed"));
  return kOkStatus;
}

Status Store::resolve(const CallContext* context, View<Str> keys, uint64_t* refs) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    head_->resolve(keys, refs);
    return kOkStatus;
  });
}

Status Store::append(const WriteBatch* batch, AppendResult* result) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(batch->context); !admitted.ok()) return admitted;
    if (!writable_.load()) return host_->fail(Code::kUnavailable, str("the store is stopping"));
    if (Result<void> ready = log_->ready(); !ready.ok()) return fail(ready.error());
    if (sealing_.load(std::memory_order_relaxed) && head_is_full()) return fail(why_head_is_full());
    RejectionSink* rejections = result->rejections;
    *result = AppendResult{};
    result->struct_size = sizeof(AppendResult);
    result->rejections = rejections;
    Result<uint64_t> position = head_->append(*batch, *result, *log_, host_->now_ms());
    if (!position.ok()) return fail(position.error());
    if (*position > 0)
      if (Result<void> durable = log_->wait(*position); !durable.ok()) return fail(durable.error());
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
