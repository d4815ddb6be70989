// Generations that become blocks, and series that nobody writes any more.
#include <algorithm>
#include <bit>
#include <numeric>

#include "gorilla/head/head.h"

namespace nightlight::gorilla {

std::shared_ptr<Generation> Head::freeze() {
  // Writers wait for what happens under the lock: the memory is made before, with room for series that come meanwhile.
  std::vector<ChunkState> frozen;
  std::vector<SeriesLast> last;
  {
    size_t series = 0;
    {
      MutexLock lock(sample_mutex_);
      NIGHTLIGHT_CHECK(frozen_ == nullptr, "a generation is being sealed already");
      if (open_->samples == 0 && open_->deleted.empty()) return nullptr;
      series = hot_.size();
    }
    frozen.reserve(series + series / 8);
    frozen.resize(series);
    last.reserve(series + series / 8);
    last.resize(series);
  }
  MutexLock lock(sample_mutex_);
  open_->frozen = std::move(frozen);
  open_->last = std::move(last);
  open_->frozen.resize(hot_.size());
  open_->last.resize(hot_.size());
  for (uint32_t id = 0; id < hot_.size(); ++id) {
    HotSeries& s = hot_[id];
    const bool used = s.chunk.count > 0 || (s.flags & kHasSide) != 0;
    if (s.last_timestamp_ms != INT64_MIN) {
      const bool histogram = (s.flags & kLastIsHistogram) != 0;
      open_->last[id] = {s.last_timestamp_ms, s.chunk.value_bits,
                         static_cast<uint8_t>(SeriesLast::kKnown | (histogram ? SeriesLast::kHistogram : 0))};
    }
    s.idle = used ? 0 : static_cast<uint8_t>(std::min(s.idle + 1, 255));
    if (s.chunk.count > 0) {
      open_->frozen[id] = s.chunk;
      start_chunk(s);
    }
    s.flags &= static_cast<uint8_t>(~kHasSide);
  }
  frozen_ = std::move(open_);
  open_ = std::make_shared<Generation>();
  open_samples_.store(0, std::memory_order_relaxed);
  return frozen_;
}

void Head::drop_frozen() {
  std::shared_ptr<Generation> dropped;  // Freed without the lock.
  MutexLock lock(sample_mutex_);
  dropped = std::move(frozen_);
  frozen_ = nullptr;
}

std::shared_ptr<Generation> Head::frozen() const {
  MutexLock lock(sample_mutex_);
  return frozen_;
}

namespace {

// Series as the ranks of their labels, which stand for the labels' texts.
struct RankedSeries {
  std::vector<uint32_t> ends, ranks;  // Of series i: ranks [ends[i - 1], ends[i]).

  std::span<const uint32_t> of(uint32_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends[i - 1];
    return {ranks.data() + begin, ends[i] - begin};
  }
};

// Their positions in the order of their labels. As many of the first ranks as 64 bits hold, which decide nearly always,
// are compared where the positions are; `bits` tells any rank.
std::vector<uint32_t> sorted_positions(const RankedSeries& series, int bits) {
  struct Place {
    uint64_t first_ranks;
    uint32_t position;
  };
  const size_t ranks_of_key = 64 / std::max(bits, 1);
  std::vector<Place> places(series.ends.size());
  for (uint32_t i = 0; i < places.size(); ++i) {
    uint64_t key = 0;
    std::span<const uint32_t> ranks = series.of(i);
    // Where a series has fewer labels the key is that of the least ones: the whole comparison decides.
    for (size_t k = 0; k < ranks_of_key; ++k) key = key << bits | (k < ranks.size() ? ranks[k] : 0);
    places[i] = {key, i};
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (a.first_ranks != b.first_ranks) return a.first_ranks < b.first_ranks;
    std::span<const uint32_t> x = series.of(a.position), y = series.of(b.position);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  std::vector<uint32_t> out(places.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = places[i].position;
  return out;
}

}  // namespace

std::vector<uint32_t> Head::sorted_series(const Generation& g) const {
  std::vector<uint32_t> ids;
  for (uint32_t id = 0; id < g.frozen.size(); ++id)
    if (g.frozen[id].count > 0 || (!g.side.empty() && g.side.count(id) > 0)) ids.push_back(id);
  // A batch with a new series waits for this lock: what is needed is copied, and sorted without it. Texts never move.
  RankedSeries series;
  std::vector<LabelView> labels;
  {
    ReaderLock lock(index_mutex_);
    // A log that contradicts itself may have given the labels of a series with samples to another one.
    const SeriesIndex& index = index_;  // The analysis does not see that lambdas run under the lock that is held here.
    std::erase_if(ids, [&index](uint32_t id) { return !index.exists(id); });
    labels.reserve(index.label_count());
    for (uint32_t id = 0; id < index.label_count(); ++id)
      labels.emplace_back(index.symbols().text(index.label(id).name), index.symbols().text(index.label(id).value));
    series.ends.reserve(ids.size());
    for (uint32_t id : ids) {
      index.each_label(id, [&](uint32_t label_id) { series.ranks.push_back(label_id); });
      series.ends.push_back(static_cast<uint32_t>(series.ranks.size()));
    }
  }
  std::vector<uint32_t> order(labels.size()), rank(labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return labels[a] < labels[b]; });
  for (uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  for (uint32_t& label : series.ranks) label = rank[label];
  std::vector<uint32_t> sorted = sorted_positions(series, static_cast<int>(std::bit_width(labels.size())));
  for (uint32_t& place : sorted) place = ids[place];
  return sorted;
}

uint64_t Head::collect_garbage(uint32_t idle_seals) {
  // Writers wait for a piece of the series at most.
  constexpr uint32_t kPiece = 1 << 15;
  uint64_t removed = 0;
  std::vector<uint32_t> idle;
  for (uint32_t begin = 0;; begin += kPiece) {
    MutexLock lock(sample_mutex_);
    if (frozen_ != nullptr || begin >= hot_.size()) return removed;
    idle.clear();
    for (uint32_t id = begin; id < std::min(hot_.size(), begin + kPiece); ++id) {
      const HotSeries& s = hot_[id];
      if (s.idle >= idle_seals && s.chunk.count == 0 && (s.flags & kHasSide) == 0) idle.push_back(id);
    }
    if (idle.empty()) continue;
    WriterLock index_lock(index_mutex_);
    const uint64_t before = removed;
    for (uint32_t id : idle) {
      if (!index_.exists(id)) continue;
      index_.remove(id);
      exemplars_.forget(id);
      hot_[id] = HotSeries();
      ++removed;
    }
    counts_.removed += removed - before;
    series_count_.store(index_.size(), std::memory_order_relaxed);
  }
}

}  // namespace nightlight::gorilla
