// Start of a head: what snapshot and log tell.
#include <algorithm>

#include "gorilla/head/head.h"

namespace nightlight::gorilla {

void Head::replay(uint64_t position, const LogBatch& b) {
  MutexLock lock(sample_mutex_);
  uint32_t label = 0;
  for (size_t i = 0; i < b.new_series.size(); ++i) {
    define_series(b.new_series[i], {b.labels.data() + label, b.label_ends[i] - label});
    label = b.label_ends[i];
  }
  ReaderLock index_lock(index_mutex_);
  // Nothing is taken of series whose definition was damaged.
  const SeriesIndex& index = index_;  // The analysis does not see that a lambda runs under the lock that is held here.
  auto known = [&index](uint32_t id) { return index.exists(id); };
  // The next series' memory is asked for in time: first where its chunk is, then its chunk.
  constexpr size_t kAhead = 8;
  auto ahead = [&](size_t i) -> HotSeries* {
    return i < b.sample_series.size() && b.sample_series[i] < hot_.size() ? &hot_[b.sample_series[i]] : nullptr;
  };
  for (size_t i = 0; i < b.sample_series.size(); ++i) {
    const uint32_t id = b.sample_series[i];
    if (const HotSeries* next = ahead(i + 2 * kAhead)) __builtin_prefetch(next, 1);
    if (const HotSeries* next = ahead(i + kAhead)) prefetch_buffer(next->chunk, open_->arena);
    if (!known(id)) continue;
    const int64_t start_ms = b.start_timestamps_ms.empty() ? 0 : b.start_timestamps_ms[i];
    const int64_t last = hot_[id].last_timestamp_ms;
    if (b.timestamps_ms[i] > last || last == INT64_MIN) {
      apply_float(id, b.timestamps_ms[i], b.value_bits[i], start_ms);
    } else if (b.timestamps_ms[i] < last || (hot_[id].flags & kLastUnknown) != 0) {
      apply_late(id, b.timestamps_ms[i], b.value_bits[i], start_ms);
    }
  }
  for (size_t i = 0; i < b.histograms.size(); ++i) {
    const uint32_t id = b.histogram_series[i];
    if (known(id) && b.histograms[i]->timestamp_ms != hot_[id].last_timestamp_ms) apply_histogram(id, *b.histograms[i]);
  }
  for (const Exemplar* e : b.exemplars)
    if (known(e->series)) exemplars_.add(e->series, *e);
  for (const Metadata* m : b.metadata) add_metadata(*m);
  for (const LogBatch::Tombstone& t : b.tombstones)
    if (known(t.series)) open_->deleted[t.series].push_back({t.start_ms, t.end_ms});
  if (position == 0) return;  // From the series log.
  open_->last_position = position;
  if (open_->first_position == 0) open_->first_position = position;
  open_samples_.store(open_->samples, std::memory_order_relaxed);
}

void Head::restore_last(uint32_t id, int64_t last_timestamp_ms, uint64_t value_bits, uint8_t flags) {
  MutexLock lock(sample_mutex_);
  if (id >= hot_.size()) return;
  HotSeries& s = hot_[id];
  s.last_timestamp_ms = last_timestamp_ms;
  s.chunk.value_bits = value_bits;
  // A histogram is not kept for comparison.
  const uint8_t histogram = kLastIsHistogram | kLastUnknown;
  s.flags = static_cast<uint8_t>((s.flags & ~histogram) | ((flags & SeriesLast::kHistogram) != 0 ? histogram : 0));
  restore_max_time(last_timestamp_ms);
}

void Head::replay_sealed(const LogBatch& b) {
  LogBatch rest;
  rest.new_series = b.new_series;
  rest.labels = b.labels;
  rest.label_ends = b.label_ends;
  rest.exemplars = b.exemplars;
  rest.metadata = b.metadata;
  replay(0, rest);
  auto newest = [&](uint32_t id, int64_t t, uint64_t bits, uint8_t flags) {
    {
      MutexLock lock(sample_mutex_);
      if (id >= hot_.size() || t <= hot_[id].last_timestamp_ms) return;
    }
    restore_last(id, t, bits, flags);
  };
  for (size_t i = 0; i < b.sample_series.size(); ++i)
    newest(b.sample_series[i], b.timestamps_ms[i], b.value_bits[i], SeriesLast::kKnown);
  for (size_t i = 0; i < b.histograms.size(); ++i)
    newest(b.histogram_series[i], b.histograms[i]->timestamp_ms, 0, SeriesLast::kKnown | SeriesLast::kHistogram);
}

void Head::restore_max_time(int64_t max_ms) {
  if (max_ms > max_ms_.load(std::memory_order_relaxed)) max_ms_.store(max_ms, std::memory_order_relaxed);
}

void Head::finish_recovery() {
  WriterLock lock(index_mutex_);
  index_.optimize();
}

// ---- reading
// ----------------------------------------------------------------------------------------------------------------

}  // namespace nightlight::gorilla
