#include "gorilla/store.h"

#include <chrono>
#include <random>

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
  if (name == kMetricsSourceId) return as<MetricsSource>(this);
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
    maintenance_ = std::thread([this] { run_maintenance(); });
    return kOkStatus;
  });
}

Result<void> Store::recover() {
  auto begin = std::chrono::steady_clock::now();
  NIGHTLIGHT_TRY(files_.create_directories(options_.path));
  head_ = std::make_unique<Head>(options_.head);
  WalOptions wal;
  wal.directory = options_.path + "/wal";
  wal.segment_bytes = options_.wal_segment_bytes;
  wal.ack = options_.ack;
  wal.salt_seed = static_cast<uint32_t>(random_word());
  NIGHTLIGHT_ASSIGN(opened, Wal::open(files_, wal));
  log_ = std::move(opened);
  auto replayed = log_->replay(0, [&](uint64_t position, const LogBatch& batch) -> Result<void> {
    head_->replay(position, batch);
    return {};
  });
  if (!replayed.ok()) return std::move(replayed).error().with("replaying the write-ahead log");
  replayed_ = *replayed;
  head_->finish_recovery();
  replay_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  log(host_, replayed_.damaged_records > 0 ? LogLevel::kError : LogLevel::kInfo, "write-ahead log replayed",
      {{"records", std::to_string(replayed_.records)},
       {"samples", std::to_string(replayed_.samples)},
       {"damaged_records", std::to_string(replayed_.damaged_records)},
       {"torn_bytes", std::to_string(replayed_.torn_bytes)},
       {"seconds", std::to_string(replay_seconds_)}});
  return {};
}

Status Store::drain(int64_t) noexcept {
  return guard(host_, [&]() -> Status {
    writable_.store(false);
    if (log_ != nullptr)
      if (Result<void> done = log_->flush(); !done.ok()) return fail(done.error());
    return kOkStatus;
  });
}

Status Store::stop() noexcept {
  return guard(host_, [&]() -> Status {
    writable_.store(false);
    {
      MutexLock lock(maintenance_mutex_);
      stopping_ = true;
      maintenance_wake_.notify_all();
    }
    if (maintenance_.joinable()) maintenance_.join();
    running_.store(false);
    log_.reset();
    return kOkStatus;
  });
}

Status Store::reconfigure(Config* config) noexcept {
  return guard(host_, [&]() -> Status {
    Settings s(config);
    options_.retention_ms = s.integer("retention");
    options_.retention_bytes = static_cast<uint64_t>(s.integer("retention_size"));
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

void Store::run_maintenance() {
  MutexLock lock(maintenance_mutex_);
  while (!stopping_) {
    maintenance_wake_.wait_until(maintenance_mutex_, std::chrono::steady_clock::now() + std::chrono::seconds(1));
    if (stopping_) return;
    maintenance_mutex_.unlock();
    (void)log_->flush();
    maintenance_mutex_.lock();
  }
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
