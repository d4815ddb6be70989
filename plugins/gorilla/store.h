// The block store: head, log and blocks behind the contract's interfaces.
//
// Life of a sample: checked and kept by the head, queued in the log, acknowledged when the log is durable; every
// seal_interval the head's chunks become a block, and the log up to there is freed; blocks are compacted, and dropped
// when retention says so.
#ifndef NIGHTLIGHT_GORILLA_STORE_H_
#define NIGHTLIGHT_GORILLA_STORE_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "gorilla/file/file_system.h"
#include "gorilla/head/head.h"
#include "gorilla/log/ingest_log.h"
#include "gorilla/log/wal.h"
#include "gorilla/select/series_set.h"
#include "nightlight/component.h"
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
  Ack ack = Ack::kDurable;
  HeadOptions head;
};

class Store final : public Instance,
                    public Sink,
                    public Storage,
                    public ExemplarStorage,
                    public MetadataStorage,
                    public StorageAdmin,
                    public MetricsSource {
 public:
  explicit Store(Host* host, FileSystem& files = posix_file_system()) : host_(host), files_(files) {}

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

  // MetricsSource
  void collect(MetricsSink* sink) noexcept override;

 private:
  Status fail(const Error& error) { return host_->fail(error.code, str(error.message)); }
  // Refuses what this store cannot serve: other tenants, and calls outside start..stop.
  Status admit(const CallContext* context);
  Result<void> recover();
  void run_maintenance();
  Result<std::vector<std::string>> names_of(const LabelQuery& query, const Str* label);

  Host* host_;
  FileSystem& files_;
  StoreOptions options_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<IngestLog> log_;
  ReplayStats replayed_;
  double replay_seconds_ = 0;
  std::atomic<bool> running_{false}, writable_{false};
  HistogramCells commit_seconds_;

  std::thread maintenance_;
  Mutex maintenance_mutex_;
  ConditionVariable maintenance_wake_;
  bool stopping_ GUARDED_BY(maintenance_mutex_) = false;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_STORE_H_
