// What operators ask of the store, and what it says of itself.
#include <algorithm>

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
          bytes += value.size() * series;
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

Status Store::blocks_json(const CallContext* context, TextSink* out) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(context); !admitted.ok()) return admitted;
    return out->write(str("[]"));
  });
}

Status Store::delete_series(const Select* select) noexcept {
  return guard(host_, [&]() -> Status {
    if (Status admitted = admit(select->context); !admitted.ok()) return admitted;
    Result<std::vector<LabelMatcher>> matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return fail(matchers.error());
    if (Result<void> ready = log_->ready(); !ready.ok()) return fail(ready.error());
    Result<uint64_t> position = head_->remove_samples(*matchers, select->start_ms, select->end_ms, *log_);
    if (!position.ok()) return fail(position.error());
    if (*position > 0)
      if (Result<void> durable = log_->wait(*position); !durable.ok()) return fail(durable.error());
    return kOkStatus;
  });
}

Status Store::clean_tombstones(const CallContext* context) noexcept {
  return guard(host_, [&]() -> Status { return admit(context); });
}

Status Store::snapshot(const CallContext*, uint32_t, TextSink*) noexcept {
  return host_->fail(Code::kUnimplemented, str("snapshots are not supported by this store"));
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
    add(kLevel, "nightlight_gorilla_replay_seconds", "How long the last start took to replay.", replay_seconds_);
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
