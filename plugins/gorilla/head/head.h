// The newest samples, in memory, and the series that exist.
//
// Two locks: the index lock (readers-writer) guards which series exist, the sample lock guards every sample. A write
// holds the sample lock from its first check to the queuing of its log record, so writes are ordered, each is seen
// whole or not at all, and the log has the order of the memory. A reader notes under it what each series had, and
// decodes later. Order: sample lock, then index lock.
#ifndef NIGHTLIGHT_GORILLA_HEAD_HEAD_H_
#define NIGHTLIGHT_GORILLA_HEAD_HEAD_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "gorilla/head/change_log.h"
#include "gorilla/head/exemplars.h"
#include "gorilla/head/generation.h"
#include "gorilla/head/hot_lines.h"
#include "gorilla/head/series_index.h"
#include "gorilla/log/ingest_log.h"
#include "gorilla/select/set_labels.h"

namespace nightlight::gorilla {

struct HeadOptions {
  int64_t out_of_order_window_ms = 0;
  int64_t max_future_ms = 10 * 60 * 1000;
  uint64_t max_series = 0;  // 0: no limit; so for all below.
  uint64_t max_new_series_per_second = 0;
  uint64_t max_labels = 0;
  uint64_t max_label_name_bytes = 0;
  uint64_t max_label_value_bytes = 0;
  uint64_t max_exemplars = 100000;
  bool xor_only = false;
  uint64_t hash_secret = 1;
};

// Samples of one series in one generation, as much of them as there was when the snapshot was taken.
struct HeadPiece {
  ChunkState chunk;
  const SideSeries* side = nullptr;
  uint32_t closed = 0, late = 0, histograms = 0;  // So much of `side`.
  uint32_t series = 0;                            // Id.
  uint32_t generation = 0;                        // Index into HeadSnapshot::generations.
};

// What a selection found in the head.
class HeadSnapshot {
 public:
  HeadSnapshot() = default;
  HeadSnapshot(const HeadSnapshot&) = delete;
  HeadSnapshot& operator=(const HeadSnapshot&) = delete;
  ~HeadSnapshot();

  std::vector<std::shared_ptr<Generation>> generations;  // Oldest first.
  std::vector<HeadPiece> pieces;                         // Of one series together, oldest first.
  // Position in the set of the series, and its first piece; sorted by piece, those of `select` by id, too.
  struct Series {
    uint32_t set_series;
    uint32_t first_piece;
    uint32_t piece_count;
  };
  std::vector<Series> series;
  std::vector<std::pair<uint32_t, std::vector<TimeRange>>> deleted;  // By index into `pieces`, ascending.
  uint32_t epoch = 0;                                                // Of the ids; see SeriesIndex.

  uint32_t id_of(const Series& of) const { return pieces[of.first_piece].series; }
};

struct HeadStats {
  uint64_t series = 0, samples = 0, chunks = 0, labels = 0;
  uint64_t index_bytes = 0, hot_bytes = 0, chunk_bytes = 0, column_bytes = 0;
  int64_t min_ms = INT64_MAX, max_ms = INT64_MIN;
  std::array<uint64_t, 9> rejected{};  // By RejectReason.
  uint64_t appended = 0, late = 0, created = 0, removed = 0;
};

class Head {
 public:
  explicit Head(HeadOptions options);

  // ---- writing ----
  void resolve(View<Str> keys, uint64_t* refs) const;
  // Applies a batch and queues it in `log`; answers the log's position to wait for (0: nothing was queued). kAborted:
  // stale refs.
  Result<uint64_t> append(const WriteBatch& batch, AppendResult& result, IngestLog& log, int64_t now_ms);
  // Hides what the matching series have now in the range. Answers the log's position.
  Result<uint64_t> remove_samples(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms,
                                  IngestLog& log);

  // ---- recovery: before any other thread knows the head ----
  void replay(uint64_t position, const LogBatch& batch);
  // A series that has no unsealed sample; its newest sealed one is at `last_timestamp_ms` (INT64_MIN: unknown).
  void restore_last(uint32_t series, int64_t last_timestamp_ms, uint64_t value_bits, uint8_t flags);  // SeriesLast
  // A batch whose samples are in blocks: everything else of it, and which samples were the newest.
  void replay_sealed(const LogBatch& batch);
  void restore_max_time(int64_t max_ms);
  void finish_recovery();

  // ---- reading ----
  // Adds the series that match and have samples in the range to `labels`, and what they have to `out`.
  void select(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms, SetLabels& labels,
              HeadSnapshot& out) const;
  // Calls `use` with the sample lock held: to copy what pieces refer to.
  template <class Use>
  void with_samples(Use&& use) const {
    MutexLock lock(sample_mutex_);
    use();
  }
  // Calls `use(const SeriesIndex&)` with the index lock held for reading.
  template <class Use>
  void with_index(Use&& use) const {
    ReaderLock lock(index_mutex_);
    use(index_);
  }
  // Adds these series of a frozen generation, in this order.
  void capture_frozen(const std::shared_ptr<Generation>& generation, std::span<const uint32_t> ids, SetLabels& labels,
                      HeadSnapshot& out) const;
  bool overlaps(int64_t start_ms, int64_t end_ms) const;
  const Exemplars& exemplars() const { return exemplars_; }
  // Family -> what senders said of it.
  struct FamilyMetadata {
    MetricKind kind = MetricKind::kUnknown;
    std::string help, unit;
    bool operator==(const FamilyMetadata&) const = default;
  };
  std::map<std::string, FamilyMetadata> metadata(std::string_view family) const;
  HeadStats stats() const;
  // Samples of the open generation.
  uint64_t open_samples() const { return open_samples_.load(std::memory_order_relaxed); }
  uint64_t series_count() const { return series_count_.load(std::memory_order_relaxed); }
  // What came and went, here and (noted by the store) in the blocks.
  ChangeLog& changes() { return changes_; }
  int64_t max_time_ms() const { return max_ms_.load(std::memory_order_relaxed); }

  // ---- sealing ----
  // Ends the open generation, whose samples from then on are its `frozen` chunks; null when it has none. One at a time:
  // the generation stays readable until drop_frozen.
  std::shared_ptr<Generation> freeze();
  void drop_frozen();
  std::shared_ptr<Generation> frozen() const;
  // The ids of the series with samples in the frozen generation, in the order of their labels.
  std::vector<uint32_t> sorted_series(const Generation& generation) const;
  // Removes series that had no sample for `idle_seals` generations and have none now. Answers how many.
  uint64_t collect_garbage(uint32_t idle_seals);

 private:
  // What the rules compare a sample with: the newest one of its series.
  struct Running {
    int64_t last_ms = INT64_MIN;
    uint64_t last_bits = 0;
    const Histogram* last_histogram = nullptr;  // Of the same batch.
    bool is_histogram = false, unknown = false;
  };
  enum class Judgement : uint8_t { kTake, kLate, kSame, kReject };
  struct Rejection {
    uint64_t series;
    RejectReason reason;
    std::string text;
  };
  struct Plan;  // How a batch will be applied.

  Result<void> find_series(const WriteBatch& batch, Plan& plan, int64_t now_ms) REQUIRES(sample_mutex_);
  void create_series(const WriteBatch& batch, const std::vector<uint32_t>& missing, Plan& plan, int64_t now_ms)
      REQUIRES(sample_mutex_);
  std::string label_fault(std::span<const LabelPair> labels) const;
  void judge_batch(const WriteBatch& batch, Plan& plan, bool repeats) REQUIRES(sample_mutex_);
  Judgement judge_time(const Running& series, int64_t timestamp_ms, RejectReason& reason) const REQUIRES(sample_mutex_);
  Judgement judge_float(Running& series, int64_t timestamp_ms, double value, Rejection& why) const
      REQUIRES(sample_mutex_);
  Judgement judge_histogram(uint32_t id, Running& series, const Histogram& histogram, Rejection& why) const
      REQUIRES(sample_mutex_);
  void apply_batch(const WriteBatch& batch, Plan& plan, AppendResult& result) REQUIRES(sample_mutex_);
  void apply_exemplars(const WriteBatch& batch, Plan& plan, AppendResult& result) REQUIRES(sample_mutex_);
  void apply_float(uint32_t id, int64_t timestamp_ms, uint64_t bits, int64_t start_ms) REQUIRES(sample_mutex_);
  void apply_late(uint32_t id, int64_t timestamp_ms, uint64_t bits, int64_t start_ms) REQUIRES(sample_mutex_);
  void apply_histogram(uint32_t id, const Histogram& histogram) REQUIRES(sample_mutex_);
  SideSeries& side(uint32_t id) REQUIRES(sample_mutex_);
  void close_chunk(uint32_t id) REQUIRES(sample_mutex_);
  void note_time(int64_t timestamp_ms) REQUIRES(sample_mutex_);
  void define_series(uint32_t id, std::span<const LabelPair> labels) REQUIRES(sample_mutex_);
  bool add_metadata(const Metadata& metadata);
  bool is_current(uint64_t created, uint32_t epoch) const REQUIRES(sample_mutex_);
  void capture(uint32_t id, int64_t start_ms, int64_t end_ms, HeadSnapshot& out) const REQUIRES(sample_mutex_);
  void label_series(SetLabels& labels, HeadSnapshot& out) const;
  void capture_all(std::span<const uint32_t> ids, int64_t start_ms, int64_t end_ms, HeadSnapshot& out) const
      REQUIRES(sample_mutex_);

  const HeadOptions options_;

  mutable Mutex sample_mutex_;
  HotLines hot_ GUARDED_BY(sample_mutex_);
  std::shared_ptr<Generation> open_ GUARDED_BY(sample_mutex_);
  std::shared_ptr<Generation> frozen_ GUARDED_BY(sample_mutex_);
  LogBatch log_batch_ GUARDED_BY(sample_mutex_);
  uint16_t batch_stamp_ GUARDED_BY(sample_mutex_) = 0;
  int64_t bound_max_ms_ GUARDED_BY(sample_mutex_) = INT64_MIN;  // The newest time when the current batch began.
  int64_t bound_now_ms_ GUARDED_BY(sample_mutex_) = 0;
  int64_t bucket_ms_ GUARDED_BY(sample_mutex_) = 0;  // For max_new_series_per_second.
  double bucket_ GUARDED_BY(sample_mutex_) = 0;
  HeadStats counts_ GUARDED_BY(sample_mutex_);

  mutable SharedMutex index_mutex_;  // After sample_mutex_.
  SeriesIndex index_ GUARDED_BY(index_mutex_);
  uint64_t created_ GUARDED_BY(index_mutex_) = 0;

  ChangeLog changes_;
  int64_t changed_from_ms_ GUARDED_BY(sample_mutex_) = INT64_MAX;  // By the current batch.

  Exemplars exemplars_;
  mutable Mutex metadata_mutex_;
  std::map<std::string, FamilyMetadata, std::less<>> metadata_ GUARDED_BY(metadata_mutex_);

  std::atomic<uint64_t> open_samples_{0}, series_count_{0};
  std::atomic<int64_t> max_ms_{INT64_MIN};
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_HEAD_H_
