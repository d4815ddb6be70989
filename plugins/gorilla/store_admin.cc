// What operators ask of the store, and what it says of itself.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include "gorilla/store.h"

namespace nightlight::gorilla {
namespace {

using Counts = std::vector<std::pair<std::string, uint64_t>>;

nlohmann::json top(Counts counts, uint64_t limit) {
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (counts.size() > limit) counts.resize(limit);
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [name, value] : counts) out.push_back({{"name", name}, {"value", value}});
  return out;
}

// What Prometheus counts for a name or a value of a label set: its bytes, and those of its length in front.
uint64_t label_bytes(size_t size) { return size + (size < 255 ? 1 : 4); }

}  // namespace

Status Store::cardinality_json(const CallContext* context, uint64_t limit, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    Counts metrics, values, memory, pairs;
    uint64_t label_pairs = 0;
    head_->with_index([&](const SeriesIndex& index) {
      for (uint32_t name : index.names()) {
        const std::string name_text(index.symbols().text(name));
        uint64_t used = 0, bytes = 0;
        for (uint32_t id : index.labels_with_name(name)) {
          const uint64_t series = index.postings_size(id);
          if (series == 0) continue;
          const std::string value(index.symbols().text(index.label(id).value));
          ++used;
          bytes += (label_bytes(name_text.size()) + label_bytes(value.size())) * series;
          pairs.emplace_back(name_text + "=" + value, series);
          if (name_text == "__name__") metrics.emplace_back(value, series);
        }
        if (used == 0) continue;
        label_pairs += used;
        values.emplace_back(name_text, used);
        memory.emplace_back(name_text, bytes);
      }
    });
    HeadStats stats = head_->stats();
    nlohmann::json answer = {
        {"headStats",
         {{"numSeries", stats.series},
          {"numLabelPairs", label_pairs},
          {"chunkCount", stats.chunks},
          {"minTime", stats.min_ms},
          {"maxTime", stats.max_ms}}},
        {"seriesCountByMetricName", top(std::move(metrics), limit)},
        {"labelValueCountByLabelName", top(std::move(values), limit)},
        {"memoryInBytesByLabelName", top(std::move(memory), limit)},
        {"seriesCountByLabelValuePair", top(std::move(pairs), limit)},
    };
    return out->write(str(answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  });
}

// In the shape of Prometheus' meta.json.
Status Store::blocks_json(const CallContext* context, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    nlohmann::json all = nlohmann::json::array();
    const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
    for (const auto& block : *open) {
      const BlockMeta& meta = block->meta;
      nlohmann::json sources = nlohmann::json::array();
      for (const Ulid& source : meta.sources) sources.push_back(source.to_string());
      nlohmann::json stats = {{"numSamples", meta.stats.float_samples + meta.stats.histogram_samples},
                              {"numSeries", meta.stats.series},
                              {"numChunks", meta.stats.chunks}};
      if (meta.stats.float_samples > 0) stats["numFloatSamples"] = meta.stats.float_samples;
      if (meta.stats.histogram_samples > 0) stats["numHistogramSamples"] = meta.stats.histogram_samples;
      if (block->tombstones != nullptr) stats["numTombstones"] = block->tombstones->range_count();
      // Prometheus counts levels from 1, and its blocks end before their maxTime.
      all.push_back({{"ulid", meta.id.to_string()},
                     {"minTime", meta.min_time_ms},
                     {"maxTime", meta.max_time_ms + 1},
                     {"stats", std::move(stats)},
                     {"compaction", {{"level", meta.level + 1}, {"sources", std::move(sources)}}},
                     {"version", 1}});
    }
    return out->write(str(all.dump()));
  });
}

namespace {

// Lets a running compaction make way.
class Interruption {
 public:
  explicit Interruption(std::atomic<uint32_t>& count) : count_(count) { ++count_; }
  ~Interruption() { --count_; }

 private:
  std::atomic<uint32_t>& count_;
};

std::string utc_name(int64_t now_ms) {
  std::time_t seconds = now_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[80];
  std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

}  // namespace

Status Store::delete_series(const Select* select) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
    Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return fail(matchers.error());
    Interruption interruption(interrupting_);
    MutexLock seal_lock(seal_mutex_);
    if (Result<void> ready = log_->ready(); !ready.ok()) {
      // A seal frees the log's files, and with them the room that the log may lack.
      if (!seal_locked().ok()) return fail(ready.error());
      if (ready = log_->ready(); !ready.ok()) return fail(ready.error());
    }
    MutexLock compaction_lock(compaction_mutex_);
    Result<uint64_t> position = head_->remove_samples(*matchers, select->start_ms, select->end_ms, *log_);
    if (!position.ok()) return fail(position.error());
    if (*position > 0)
      if (Result<void> durable = log_->wait(*position); !durable.ok()) return fail(durable.error());
    Result<void> done = delete_from_blocks(*matchers, select->start_ms, select->end_ms);
    if (!done.ok() && give_reserve(done.error()))
      done = delete_from_blocks(*matchers, select->start_ms, select->end_ms);
    head_->changes().note(select->start_ms);
    return done.ok() ? kOkStatus : fail(done.error());
  });
}

Result<void> Store::delete_from_blocks(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms) {
  std::vector<BlockMeta> add;
  std::vector<Ulid> remove;
  const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
  for (const auto& block : *open) {
    if (block->block == nullptr || !block->overlaps(start_ms, end_ms)) continue;
    NIGHTLIGHT_ASSIGN(ordinals, block->block->select(matchers));
    if (ordinals.empty()) continue;
    Tombstones tombstones = block->tombstones != nullptr ? *block->tombstones : Tombstones();
    const TimeRange range{std::max(start_ms, block->meta.min_time_ms), std::min(end_ms, block->meta.max_time_ms)};
    for (uint32_t ordinal : ordinals) tombstones.add(ordinal, range);
    BlockMeta meta = block->meta;
    meta.tombstones_key = Ulid::make(host_->now_ms()).to_string() + ".nlt";
    auto put = bucket_->put_all(meta.tombstones_key, tombstones.encode(), PutCondition::absent());
    if (!put.ok()) return std::move(put).error();
    add.push_back(std::move(meta));
    remove.push_back(block->meta.id);
  }
  if (add.empty()) return {};
  return blocks_->change(add, remove);
}

Status Store::clean_tombstones(const CallContext* context) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    // The compactor asks whether to go on: not of ourselves.
    MutexLock compaction_lock(compaction_mutex_);
    Result<void> done = compactor_->purge_tombstones();
    if (!done.ok() && give_reserve(done.error())) done = compactor_->purge_tombstones();
    reserve_->keep();
    return done.ok() ? kOkStatus : fail(done.error());
  });
}

Status Store::snapshot(const CallContext* context, uint32_t skip_head, TextSink* name) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    struct InTheMaking {
      explicit InTheMaking(std::atomic<uint32_t>& all) : count(all) { ++count; }
      ~InTheMaking() { --count; }
      std::atomic<uint32_t>& count;
    } in_the_making(snapshots_);
    Result<std::string> made = make_snapshot(skip_head == 0);
    return made.ok() ? name->write(str(*made)) : fail(made.error());
  });
}

// A data directory of its own: links to the blocks, and a catalog that names them.
Result<std::string> Store::make_snapshot(bool with_head) {
  Interruption interruption(interrupting_);
  MutexLock seal_lock(seal_mutex_);
  seal_progress_.total_series.store(0);  // Of the seal before.
  if (with_head) {
    NIGHTLIGHT_TRY(seal_locked());
    compaction_due_.store(true);
  }
  MutexLock compaction_lock(compaction_mutex_);
  char unique[24];
  std::snprintf(unique, sizeof unique, "-%016llx", static_cast<unsigned long long>(host_->monotonic_ns()));
  const std::string name = utc_name(host_->now_ms()) + unique;
  const std::string from = options_.path + "/blocks/", to = options_.path + "/snapshots/" + name + "/blocks";
  NIGHTLIGHT_ASSIGN(bucket, open_local_bucket(files_, to));
  CatalogState state;
  state.generation = 1;
  const std::shared_ptr<const OpenBlocks> open = blocks_->blocks();
  for (const auto& block : *open) {
    if (block->block == nullptr) continue;
    NIGHTLIGHT_TRY(files_.link(from + block_key(block->meta.id), to + "/" + block_key(block->meta.id)));
    if (!block->meta.tombstones_key.empty())
      NIGHTLIGHT_TRY(files_.link(from + block->meta.tombstones_key, to + "/" + block->meta.tombstones_key));
    // It has no log: nothing of one is in it.
    state.blocks.push_back(block->meta);
    state.blocks.back().log_ranges.clear();
  }
  NIGHTLIGHT_TRY(files_.sync_directory(to));
  auto put = bucket->put_all("catalog", encode_catalog(state), PutCondition::absent());
  if (!put.ok()) return std::move(put).error();
  return name;
}

// Nearly all of its time is the seal's, whether its own or one that it waits for.
void Store::snapshot_progress(uint64_t* done_series, uint64_t* total_series) noexcept {
  *total_series = snapshots_.load() == 0 ? 0 : seal_progress_.total_series.load();
  *done_series = std::min(seal_progress_.done_series.load(), *total_series);
}

void Store::log_replay(uint64_t* first_segment, uint64_t* last_segment, uint64_t* damaged_records) noexcept {
  *first_segment = replayed_.first_segment;
  *last_segment = replayed_.last_segment;
  *damaged_records = replayed_.damaged_records;
}

void Store::collect(MetricsSink* sink) noexcept {
  if (!running_.load(std::memory_order_acquire)) return;
  (void)guard(host_, [&]() -> Status {
    auto add = [&](MetricType type, std::string_view name, std::string_view help, double value,
                   std::initializer_list<KeyValue> labels = {}) {
      MetricSpec spec{sizeof(MetricSpec), type, str(name), str(help), {labels.begin(), labels.size()}, {nullptr, 0}};
      sink->add(&spec, value, {nullptr, 0});
    };
    constexpr MetricType kCount = MetricType::kCounter, kLevel = MetricType::kGauge;
    HeadStats h = head_->stats();
    auto number = [](auto v) { return static_cast<double>(v); };
    add(kLevel, "nightlight_gorilla_head_series", "Series in the head.", number(h.series));
    add(kLevel, "nightlight_gorilla_head_samples", "Samples that are not sealed yet.", number(h.samples));
    add(kCount, "nightlight_gorilla_samples_appended_total", "Samples and histograms stored.", number(h.appended));
    add(kCount, "nightlight_gorilla_samples_late_total", "Stored samples that came out of order.", number(h.late));
    add(kCount, "nightlight_gorilla_series_created_total", "Series created.", number(h.created));
    add(kCount, "nightlight_gorilla_series_removed_total", "Series removed from the head.", number(h.removed));
    constexpr std::string_view kReasons[] = {"out_of_order",  "duplicate",         "too_old",
                                             "out_of_bounds", "invalid_histogram", "invalid_labels",
                                             "limit",         "non_finite",        "invalid_exemplar"};
    for (size_t i = 0; i < h.rejected.size(); ++i)
      add(kCount, "nightlight_gorilla_samples_rejected_total", "Samples refused, by reason.", number(h.rejected[i]),
          {KeyValue{str("reason"), str(kReasons[i])}});
    auto memory = [&](std::string_view part, uint64_t bytes) {
      add(kLevel, "nightlight_gorilla_memory_bytes", "Memory by part of the store.", number(bytes),
          {KeyValue{str("part"), str(part)}});
    };
    memory("index", h.index_bytes);
    memory("series", h.hot_bytes);
    memory("chunks", h.chunk_bytes);
    memory("timestamps", h.column_bytes);
    LogStats l = log_->stats();
    memory("wal_queue", l.pending_bytes);
    add(kCount, "nightlight_gorilla_wal_records_total", "Records queued for the write-ahead log.", number(l.records));
    add(kCount, "nightlight_gorilla_wal_bytes_total", "Bytes written to the write-ahead log.", number(l.bytes));
    add(kCount, "nightlight_gorilla_wal_commits_total", "Group commits.", number(l.commits));
    add(kCount, "nightlight_gorilla_wal_commit_seconds_total", "Time spent in group commits.", l.commit_seconds);
    add(kCount, "nightlight_gorilla_wal_failures_total", "Group commits that failed.", number(l.failures));
    add(kLevel, "nightlight_gorilla_wal_segments", "Files of the write-ahead log.", number(l.segments));
    add(kLevel, "nightlight_gorilla_wal_size_bytes", "Size of the write-ahead log's files.", number(l.segment_bytes));
    add(kLevel, "nightlight_gorilla_wal_failed", "1 while the write-ahead log cannot be written.", l.failed ? 1 : 0);
    add(kCount, "nightlight_gorilla_wal_corruption_records_total", "Damaged records found by replay.",
        number(replayed_.damaged_records));
    Result<uint64_t> free = files_.free_space(options_.path);
    if (free.ok()) add(kLevel, "nightlight_gorilla_disk_free_bytes", "Free space of the disk.", number(*free));
    add(kLevel, "nightlight_gorilla_disk_reserve_bytes", "Space that is kept back for a full disk.",
        number(reserve_->held_bytes()));
    add(kCount, "nightlight_gorilla_disk_reserve_releases_total", "How often a full disk needed its reserve.",
        number(reserve_->releases()));
    add(kCount, "nightlight_gorilla_seals_total", "Generations of the head that became blocks.", number(seals_.load()));
    add(kCount, "nightlight_gorilla_seal_seconds_total", "Time spent in sealing.", seal_seconds_.load());
    add(kCount, "nightlight_gorilla_seal_failures_total", "Seals that failed and were tried again.",
        number(seal_failures_.load()));
    const std::shared_ptr<const OpenBlocks> blocks = blocks_->blocks();
    uint64_t counts[3] = {}, bytes[3] = {}, damaged = 0, open_bytes = 0;
    for (const auto& block : *blocks) {
      const uint32_t level = std::min(block->meta.level, 2u);
      ++counts[level];
      bytes[level] += block->meta.stats.size_bytes;
      damaged += block->block == nullptr ? 1 : 0;
      open_bytes += block->block == nullptr ? 0 : block->block->memory_bytes();
    }
    constexpr std::string_view kLevels[] = {"0", "1", "2"};
    for (size_t level = 0; level < 3; ++level) {
      const KeyValue label{str("level"), str(kLevels[level])};
      add(kLevel, "nightlight_gorilla_blocks", "Blocks by level of compaction.", number(counts[level]), {label});
      add(kLevel, "nightlight_gorilla_blocks_size_bytes", "Size of blocks by level of compaction.",
          number(bytes[level]), {label});
    }
    add(kLevel, "nightlight_gorilla_blocks_damaged", "Blocks that cannot be read.", number(damaged));
    memory("blocks", open_bytes);
    memory("known_series", known_series_->memory_bytes());
    PageCacheStats cache = blocks_->cache_stats();
    memory("page_cache", cache.size_bytes);
    add(kCount, "nightlight_gorilla_page_cache_hits_total", "Pages of blocks found in memory.", number(cache.hits));
    add(kCount, "nightlight_gorilla_page_cache_misses_total", "Pages of blocks read from disk.", number(cache.misses));
    add(kLevel, "nightlight_gorilla_compaction_debt_blocks", "Blocks that wait for a compaction.",
        number(compactor_->debt({options_.block_duration_ms, retention_ms_.load()})));
    const CompactionStats& c = compactor_->stats();
    add(kCount, "nightlight_gorilla_compactions_total", "Compactions that were done.", number(c.runs.load()));
    add(kCount, "nightlight_gorilla_compaction_failures_total", "Compactions that failed.", number(c.failures.load()));
    add(kCount, "nightlight_gorilla_compaction_seconds_total", "Time spent in compactions.", c.seconds.load());
    add(kCount, "nightlight_gorilla_compaction_read_bytes_total", "Size of blocks that went into compactions.",
        number(c.bytes_in.load()));
    add(kCount, "nightlight_gorilla_compaction_written_bytes_total", "Size of blocks that came out of compactions.",
        number(c.bytes_out.load()));
    add(kCount, "nightlight_gorilla_blocks_dropped_total", "Blocks that retention dropped.",
        number(c.blocks_dropped.load()));
    add(kLevel, "nightlight_gorilla_replay_seconds", "How long the last start took to replay.", replay_seconds_);
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
