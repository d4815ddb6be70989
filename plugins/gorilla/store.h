// The block store: head, log and blocks behind the contract's interfaces.
//
// Life of a sample: checked and kept by the head, queued in the log, acknowledged when the log is durable; every
// seal_interval the head's chunks become a block, and the log up to there is freed; blocks are compacted, and dropped
// when retention says so.
#ifndef NIGHTLIGHT_GORILLA_STORE_H_
#define NIGHTLIGHT_GORILLA_STORE_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "gorilla/block/block_list.h"
#include "gorilla/bucket/bucket.h"
#include "gorilla/compact/compactor.h"
#include "gorilla/file/disk_reserve.h"
#include "gorilla/file/file_system.h"
#include "gorilla/head/head.h"
#include "gorilla/log/ingest_log.h"
#include "gorilla/log/wal.h"
#include "gorilla/offline/offline_storage.h"
#include "gorilla/seal/seal.h"
#include "gorilla/select/series_set.h"
#include "nightlight/component.h"
#include "nightlight/progress.h"
#include "nightlight/sink.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {

struct StoreOptions {
  std::string path = "./data";
  int64_t retention_ms = int64_t{15} * 86400 * 1000;
  uint64_t retention_bytes = 0;
  uint64_t wal_segment_bytes = 128 << 20;
  int64_t block_duration_ms = 2 * 3600 * 1000;
  uint64_t max_head_samples = 0;
  int64_t seal_interval_ms = 20 * 60 * 1000;
  int64_t compaction_interval_ms = 3600 * 1000;
  uint64_t compaction_write_rate = 0;  // Bytes a second; 0: no limit.
  uint64_t page_cache_bytes = uint64_t{96} << 20, page_cache_bytes_per_series = 0;
  uint64_t disk_reserve_bytes = 0;
  Ack ack = Ack::kDurable;
  HeadOptions head;
};

class Store final : public Instance,
                    public Sink,
                    public Storage,
                    public ExemplarStorage,
                    public MetadataStorage,
                    public StorageAdmin,
                    public SnapshotProgress,
                    public LogReplay,
                    public MetricsSource {
 public:
  explicit Store(Host* host) : Store(host, posix_file_system(), {}) {}
  // With options that no configure call replaces, over any disk.
  Store(Host* host, FileSystem& files, StoreOptions options)
      : host_(host), files_(files), options_(std::move(options)), offline_(host, files) {}

  // [any] What the store does on its own from time to time, at once: a block of the open samples, and every compaction
  // that is due.
  Result<void> seal();
  void compact();
  void drop_expired();

  // Instance
  void* query(Str id) noexcept override;
  Status configure(Config* config) noexcept override;
  Status start() noexcept override;
  Status drain(int64_t deadline_ns) noexcept override;
  Status stop() noexcept override;
  Status reconfigure(Config* config) noexcept override;
  Status health() noexcept override;
  void release() noexcept override;

  // Sink
  Status resolve(const CallContext* context, View<Str> keys, uint64_t* refs) noexcept override;
  Status append(const WriteBatch* batch, AppendResult* result) noexcept override;

  // Storage
  Status select(const Select* select, SeriesSet** out) noexcept override;
  Status label_names(const LabelQuery* query, StringSink* out) noexcept override;
  Status label_values(Str name, const LabelQuery* query, StringSink* out) noexcept override;
  uint64_t generation(Str tenant, int64_t until_ms) noexcept override;

  // ExemplarStorage, MetadataStorage
  Status exemplars(const Select* select, ExemplarSink* out) noexcept override;
  Status metadata(const CallContext* context, Str family, MetadataSink* out) noexcept override;

  // StorageAdmin
  Status cardinality_json(const CallContext* context, uint64_t limit, TextSink* out) noexcept override;
  Status blocks_json(const CallContext* context, TextSink* out) noexcept override;
  Status delete_series(const Select* select) noexcept override;
  Status clean_tombstones(const CallContext* context) noexcept override;
  Status snapshot(const CallContext* context, uint32_t skip_head, TextSink* name) noexcept override;

  // SnapshotProgress
  void snapshot_progress(uint64_t* done_series, uint64_t* total_series) noexcept override;

  // LogReplay
  void log_replay(uint64_t* first_segment, uint64_t* last_segment, uint64_t* damaged_records) noexcept override;

  // MetricsSource
  void collect(MetricsSink* sink) noexcept override;

 private:
  Status fail(const Error& error) { return host_->fail(error.code, str(error.message)); }
  // Refuses what this store cannot serve: other tenants, calls outside start..stop, and callers that no longer wait.
  Status admit(const CallContext* context);
  // kResourceExhausted when `what` holds more bytes than the call may.
  Status check_budget(const CallContext* context, uint64_t bytes, const std::string& what);
  Result<void> recover();
  // Makes a block of the open generation, and frees the log up to it. What fails is tried again by the next call.
  Result<void> seal_locked() REQUIRES(seal_mutex_);
  Result<void> seal_generation() REQUIRES(seal_mutex_);
  // Whether what has failed so may be tried once more: it found no room, and now has that of the reserve.
  bool give_reserve(const Error& error);
  bool head_is_full() const;
  Error why_head_is_full();
  uint64_t room_to_compact() const;
  // False when the store is stopping.
  bool pause(std::chrono::milliseconds time);
  void run_sealing();
  void run_compaction();
  Result<void> delete_from_blocks(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms);
  Result<std::string> make_snapshot(bool with_head);
  Status names_of(const LabelQuery& query, const Str* label, StringSink* out);

  Host* host_;
  FileSystem& files_;
  StoreOptions options_;
  GorillaOfflineStorage offline_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<DiskReserve> reserve_;
  std::unique_ptr<IngestLog> log_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Bucket> bucket_;
  std::unique_ptr<BlockList> blocks_;
  std::unique_ptr<KnownSeries> known_series_;
  std::unique_ptr<Compactor> compactor_;
  ReplayStats replayed_;
  double replay_seconds_ = 0;
  std::atomic<bool> running_{false}, writable_{false}, sealing_{false}, stop_requested_{false};
  std::atomic<int64_t> retention_ms_{0};
  std::atomic<uint64_t> retention_bytes_{0}, seals_{0}, seal_failures_{0};
  std::atomic<double> seal_seconds_{0};
  std::atomic<bool> compaction_due_{false};
  std::atomic<uint32_t> interrupting_{0};  // Callers that a compaction should make way for.
  // Sealing holds the first, whatever rewrites or drops blocks the second; deletes and snapshots both, in this order.
  Mutex seal_mutex_, compaction_mutex_;
  SealProgress seal_progress_;
  std::atomic<uint32_t> snapshots_{0};              // That are being made.
  bool published_ GUARDED_BY(seal_mutex_) = false;  // The frozen generation's block is in the catalog.
  Mutex seal_failure_mutex_;
  std::string seal_failure_ GUARDED_BY(seal_failure_mutex_);  // Why the last seal failed; empty when it did not.
  HistogramCells commit_seconds_;

  std::thread sealing_thread_, compaction_thread_;
  Mutex maintenance_mutex_;
  ConditionVariable maintenance_wake_;
  bool stopping_ GUARDED_BY(maintenance_mutex_) = false;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_STORE_H_
