#include "gorilla/select/cursor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gorilla/log/histogram_codec.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

// Priorities at equal times: what was stored in order first, before what came late; older before newer.
constexpr uint32_t kHeadPriority = 1u << 20;
constexpr uint32_t kLatePriority = 1u << 24;

uint64_t mix(uint64_t a, uint64_t b) {
  __uint128_t product = static_cast<__uint128_t>(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd6e8feb86659fd93ull);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

bool hidden(const std::vector<TimeRange>* ranges, int64_t t) {
  return ranges != nullptr && std::any_of(ranges->begin(), ranges->end(),
                                          [t](const TimeRange& r) { return t >= r.start_ms && t <= r.end_ms; });
}

}  // namespace

Status GorillaCursor::next(SeriesBatch* out) noexcept {
  return guard(set_.host_, [&]() -> Status { return fill(out); });
}

Status GorillaCursor::fill(SeriesBatch* out) {
  pointers_.clear();
  // Series without samples are left out, but an empty batch is the end.
  while (pointers_.empty() && position_ < end_) {
    const uint64_t begin = position_, end = std::min(end_, position_ + kBatch);
    arena_.clear();
    shared_.clear();
    last_shared_ = nullptr;
    for (BlockRead& read : block_reads_) read.columns_held = read.next_column = 0;
    samples_.resize(end - begin);
    find_places(begin, end);
    copy_head();
    size_t piece = 0, used = 0;
    for (uint64_t i = begin; i < end; ++i) {
      const Place& place = places_[i - begin];
      segments_.clear();
      histograms_.clear();
      if (Result<void> read = read_blocks(place); !read.ok())
        return set_.host_->fail(read.error().code, str(read.error().message));
      if (place.head != kNoId)
        for (uint32_t n = 0; n < set_.snapshot_.series[place.head].piece_count; ++n) decode_piece(pieces_[piece++]);
      if (emit(i, samples_[used])) pointers_.push_back(&samples_[used++]);
    }
    position_ = end;
  }
  out->series = view_of(pointers_);
  return kOkStatus;
}

// All first, since the set's arrays are in another order than the series: what they refer to comes from memory at once,
// and not while a series waits for it.
void GorillaCursor::find_places(uint64_t begin, uint64_t end) {
  places_.clear();
  for (uint64_t i = begin; i < end; ++i) {
    const uint32_t s = set_.order_[i];
    places_.push_back({set_.head_series_[s], set_.run_begins_[s], set_.run_begins_[s + 1]});
    set_.labels_.prefetch(s);  // Whoever reads the series asks for them next.
  }
  for (const Place& place : places_) {
    if (place.first_run < place.end_run) __builtin_prefetch(&set_.in_runs_[place.first_run]);
    if (place.head != kNoId) __builtin_prefetch(&set_.snapshot_.series[place.head]);
  }
}

// ---- the head
// ---------------------------------------------------------------------------------------------------------------

void GorillaCursor::copy_head() {
  constexpr size_t kAhead = 8;  // Pieces whose buffers are fetched from memory at once.
  raw_.clear();
  columns_.clear();
  pieces_.clear();
  chunks_.clear();
  sides_.clear();
  for (const Place& place : places_) {
    if (place.head == kNoId) continue;
    const HeadSnapshot::Series& series = set_.snapshot_.series[place.head];
    for (uint32_t n = 0; n < series.piece_count; ++n) {
      pieces_.push_back({series.first_piece + n});
      __builtin_prefetch(&set_.snapshot_.pieces[series.first_piece + n]);
    }
  }
  if (pieces_.empty()) return;
  auto prefetch = [&](const RawPiece& raw) {
    const HeadPiece& piece = set_.snapshot_.pieces[raw.piece];
    const uint32_t bytes = buffer_bytes(piece.chunk);
    if (bytes == 0) return;
    const uint8_t* buffer = set_.snapshot_.generations[piece.generation]->arena.at(piece.chunk.buffer);
    for (uint32_t at = 0; at < std::min(bytes, 512u); at += 64) __builtin_prefetch(buffer + at);
  };
  set_.head_.with_samples([&]() {
    for (size_t i = 0; i < std::min(kAhead, pieces_.size()); ++i) prefetch(pieces_[i]);
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (i + kAhead < pieces_.size()) prefetch(pieces_[i + kAhead]);
      copy_piece(pieces_[i]);
    }
  });
  raw_.resize(raw_.size() + 16);  // Decoders may look a little further.
}

void GorillaCursor::copy_chunk(const ChunkState& chunk, uint32_t generation, uint32_t first_sample) {
  const Generation& g = *set_.snapshot_.generations[generation];
  RawChunk out{chunk, raw_.size(), nullptr, uint64_t{generation} << 32 | chunk.column, first_sample};
  if (uint32_t bytes = buffer_bytes(chunk); bytes > 0) {
    raw_.resize(raw_.size() + bytes);
    std::memcpy(raw_.data() + out.raw, g.arena.at(chunk.buffer), bytes);
  }
  // Most have the timestamps of the one before them.
  if (!chunks_.empty() && chunks_.back().column_key == out.column_key && chunks_.back().chunk.count >= chunk.count) {
    out.timestamps = chunks_.back().timestamps;
  } else {
    auto& [timestamps, length] = columns_[out.column_key];
    if (length < chunk.count) {
      auto* copy = arena_.allocate<int64_t>(chunk.count);
      g.columns.read(chunk.column, chunk.count, copy);
      timestamps = copy;
      length = chunk.count;
    }
    out.timestamps = timestamps;
  }
  chunks_.push_back(out);
}

void GorillaCursor::copy_piece(RawPiece& out) {
  const HeadPiece& piece = set_.snapshot_.pieces[out.piece];
  out.first_chunk = static_cast<uint32_t>(chunks_.size());
  uint32_t floats = 0;
  if (const SideSeries* side = piece.side; side != nullptr) {
    for (uint32_t i = 0; i < piece.closed; ++i) {
      copy_chunk(side->closed[i], piece.generation, floats);
      floats += side->closed[i].count;
    }
    out.side = static_cast<uint32_t>(sides_.size());
    RawSide& raw = sides_.emplace_back();
    raw.starts = side->starts;
    raw.late.assign(side->late.begin(), side->late.begin() + piece.late);
    raw.histogram_count = piece.histograms;
    if (piece.histograms > 0) {
      size_t end = piece.histograms < side->histograms.size() ? side->histograms[piece.histograms].begin
                                                              : side->histogram_bytes.size();
      raw.histograms = side->histogram_bytes.substr(0, end);
    }
  }
  if (piece.chunk.count > 0) copy_chunk(piece.chunk, piece.generation, floats);
  out.end_chunk = static_cast<uint32_t>(chunks_.size());
}

void GorillaCursor::decode_piece(const RawPiece& piece) {
  const std::vector<TimeRange>* deleted = nullptr;
  const auto& all = set_.snapshot_.deleted;
  if (!all.empty()) {
    auto at =
        std::lower_bound(all.begin(), all.end(), piece.piece, [](const auto& d, uint32_t p) { return d.first < p; });
    if (at != all.end() && at->first == piece.piece) deleted = &at->second;
  }
  RawSide* side = piece.side == kNoId ? nullptr : &sides_[piece.side];
  for (uint32_t n = piece.first_chunk; n < piece.end_chunk; ++n) {
    const RawChunk& raw = chunks_[n];
    auto* values = arena_.allocate<double>(raw.chunk.count);
    decode_values(raw.chunk, raw_.data() + raw.raw, values);
    const int64_t* t = raw.timestamps;
    size_t from = 0, to = raw.chunk.count;
    if (t[0] < set_.start_ms_) from = static_cast<size_t>(std::lower_bound(t, t + to, set_.start_ms_) - t);
    if (to > 0 && t[to - 1] > set_.end_ms_)
      to = static_cast<size_t>(std::upper_bound(t + from, t + to, set_.end_ms_) - t);
    if (from >= to) continue;
    int64_t* starts = nullptr;
    if (side != nullptr && !side->starts.empty()) {
      starts = arena_.allocate<int64_t>(to - from);
      auto run = side->starts.begin();
      for (size_t i = from; i < to; ++i) {
        auto number = static_cast<uint32_t>(raw.first_sample + i);
        while (run + 1 != side->starts.end() && (run + 1)->from <= number) ++run;
        starts[i - from] = run->start_ms;
      }
    }
    Segment s{t + from,     values + from, starts, to - from, {raw.column_key + 1, uint64_t{from} << 32 | to},
              kHeadPriority};
    if (deleted != nullptr) s = visible(s, [&](int64_t at) { return hidden(deleted, at); });
    add_segment(s);
  }
  if (side != nullptr) decode_side(*side, deleted);
}

void GorillaCursor::decode_side(RawSide& side, const std::vector<TimeRange>* deleted) {
  if (!side.late.empty()) {
    std::sort(side.late.begin(), side.late.end(),
              [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
    auto* t = arena_.allocate<int64_t>(side.late.size());
    auto* v = arena_.allocate<double>(side.late.size());
    auto* starts = arena_.allocate<int64_t>(side.late.size());
    size_t n = 0;
    for (const SideSeries::Late& l : side.late) {
      if (l.timestamp_ms < set_.start_ms_ || l.timestamp_ms > set_.end_ms_ || hidden(deleted, l.timestamp_ms)) continue;
      t[n] = l.timestamp_ms;
      v[n] = std::bit_cast<double>(l.value_bits);
      starts[n] = l.start_ms;
      ++n;
    }
    bool known = std::any_of(starts, starts + n, [](int64_t s) { return s != 0; });
    add_segment({t, v, known ? starts : nullptr, n, {0, 0}, kLatePriority});
  }
  ByteReader reader(side.histograms);
  for (size_t i = 0; i < side.histogram_count; ++i) {
    const Histogram* h = decode_histogram(reader, arena_);
    if (h == nullptr) break;
    if (h->timestamp_ms >= set_.start_ms_ && h->timestamp_ms <= set_.end_ms_ && !hidden(deleted, h->timestamp_ms))
      histograms_.emplace_back(h, kHeadPriority);
  }
}

// ---- blocks
// -----------------------------------------------------------------------------------------------------------------

Result<void> GorillaCursor::read_blocks(const Place& place) {
  for (uint32_t n = place.first_run; n < place.end_run; ++n) {
    const GorillaSeriesSet::InRun& in = set_.in_runs_[n];
    const GorillaSeriesSet::Run& run = set_.runs_[in.run];
    for (uint32_t block = run.first_block; block < run.end_block; ++block)
      NIGHTLIGHT_TRY(read_block(block, in.ordinal));
  }
  return {};
}

Result<void> GorillaCursor::read_block(uint32_t block, uint32_t ordinal) {
  const BlockView& view = set_.blocks_[block];
  BlockRead& read = block_reads_[block];
  if (read.cursor == nullptr) {
    read.cursor = view.block->cursor(set_.start_ms_, set_.end_ms_);
    read.priority = (view.block->meta().flags & kOutOfOrderBlock) != 0 ? kLatePriority - 1 : block;
  }
  block_chunks_.clear();
  block_histograms_.clear();
  NIGHTLIGHT_TRY(read.cursor->read(ordinal, arena_, block_chunks_, block_histograms_));
  const auto* hidden = view.tombstones == nullptr ? nullptr : view.tombstones->ranges(ordinal);
  auto is_hidden = [&](int64_t t) { return covers(*hidden, t); };
  for (const ChunkSamples& chunk : block_chunks_) {
    Segment segment{timestamps_of(block, chunk),
                    chunk.values,
                    chunk.start_timestamps_ms,
                    chunk.timestamps_ms.size(),
                    {~uint64_t{block}, uint64_t{chunk.column} + 1},
                    read.priority};
    if (hidden != nullptr) segment = visible(segment, is_hidden);
    add_segment(segment);
  }
  for (const Histogram* h : block_histograms_)
    if (hidden == nullptr || !is_hidden(h->timestamp_ms)) histograms_.emplace_back(h, read.priority);
  return {};
}

const int64_t* GorillaCursor::timestamps_of(uint32_t block, const ChunkSamples& chunk) {
  BlockRead& read = block_reads_[block];
  for (uint32_t i = 0; i < read.columns_held; ++i)
    if (read.columns[i].column == chunk.column) return read.columns[i].timestamps;
  Shared& shared = shared_of({~uint64_t{block}, uint64_t{chunk.column} + 1});
  if (shared.timestamps == nullptr) {
    auto* copy = arena_.allocate<int64_t>(chunk.timestamps_ms.size());
    std::memcpy(copy, chunk.timestamps_ms.data(), chunk.timestamps_ms.size_bytes());
    shared.timestamps = copy;
  }
  const auto place = static_cast<uint32_t>(read.next_column++ % read.columns.size());
  read.columns[place] = {chunk.column, shared.timestamps};
  read.columns_held = std::max(read.columns_held, place + 1);
  return shared.timestamps;
}

// ---- joining
// ----------------------------------------------------------------------------------------------------------------

void GorillaCursor::add_segment(Segment segment) {
  if (segment.count > 0) segments_.push_back(segment);
}

bool GorillaCursor::emit(uint64_t position, SeriesSamples& out) {
  if (segments_.empty() && histograms_.empty()) return false;
  out = SeriesSamples{};
  out.struct_size = sizeof out;
  out.series = position;
  bool apart = true;
  for (size_t i = 1; apart && i < segments_.size(); ++i)
    apart = segments_[i - 1].timestamps[segments_[i - 1].count - 1] < segments_[i].timestamps[0];
  if (!segments_.empty()) apart ? join(out) : merge(out);
  if (!histograms_.empty()) settle_histograms(out);
  return out.timestamps_ms.size + out.histograms.size > 0;
}

template <class IsHidden>
GorillaCursor::Segment GorillaCursor::visible(const Segment& segment, IsHidden is_hidden) {
  auto* timestamps = arena_.allocate<int64_t>(segment.count);
  auto* values = arena_.allocate<double>(segment.count);
  auto* starts = segment.starts == nullptr ? nullptr : arena_.allocate<int64_t>(segment.count);
  size_t kept = 0;
  for (size_t i = 0; i < segment.count; ++i) {
    if (is_hidden(segment.timestamps[i])) continue;
    timestamps[kept] = segment.timestamps[i];
    values[kept] = segment.values[i];
    if (starts != nullptr) starts[kept] = segment.starts[i];
    ++kept;
  }
  return {timestamps, values, starts, kept, {0, 0}, segment.priority};
}

GorillaCursor::Shared& GorillaCursor::shared_of(Key key) {
  if (last_shared_ != nullptr && last_key_ == key) return *last_shared_;
  auto [at, fresh] = shared_.try_emplace(key, Shared{nullptr, 0});
  if (fresh) at->second.id = shared_.size();
  last_key_ = key;
  last_shared_ = &at->second;
  return *last_shared_;
}

// One after the other.
void GorillaCursor::join(SeriesSamples& out) {
  size_t count = 0;
  bool known = true, starts = false;
  Key key{0, 0};
  for (const Segment& s : segments_) {
    count += s.count;
    known = known && (s.key[0] | s.key[1]) != 0;
    starts = starts || s.starts != nullptr;
    key = segments_.size() == 1 ? Key{s.key[0], s.key[1]}
                                : Key{mix(key.a + 1, s.key[0]), mix(key.b ^ s.key[0], s.key[1])};
  }
  const Segment& first = segments_.front();
  const int64_t* timestamps = segments_.size() == 1 ? first.timestamps : nullptr;
  Shared* shared = known ? &shared_of(key) : nullptr;
  if (shared != nullptr) {
    out.timestamps_id = shared->id;
    if (shared->timestamps != nullptr) timestamps = shared->timestamps;
  }
  if (timestamps == nullptr) {
    auto* joined = arena_.allocate<int64_t>(count);
    for (size_t n = 0; const Segment& s : segments_) {
      std::memcpy(joined + n, s.timestamps, s.count * sizeof(int64_t));
      n += s.count;
    }
    timestamps = joined;
  }
  if (shared != nullptr) shared->timestamps = timestamps;
  out.timestamps_ms = {timestamps, count};
  if (segments_.size() == 1) {
    out.values = {first.values, count};
    if (starts) out.start_timestamps_ms = {first.starts, count};
    return;
  }
  // Segments that were decoded one behind the other have been joined by that.
  const auto gap = std::adjacent_find(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) {
    return a.values + a.count != b.values;
  });
  if (gap == segments_.end() && !starts) {
    out.values = {first.values, count};
    return;
  }
  auto* values = arena_.allocate<double>(count);
  auto* start_times = starts ? arena_.allocate<int64_t>(count) : nullptr;
  for (size_t n = 0; const Segment& s : segments_) {
    std::memcpy(values + n, s.values, s.count * sizeof(double));
    if (starts) {
      if (s.starts != nullptr) {
        std::memcpy(start_times + n, s.starts, s.count * sizeof(int64_t));
      } else {
        std::fill_n(start_times + n, s.count, 0);
      }
    }
    n += s.count;
  }
  out.values = {values, count};
  if (starts) out.start_timestamps_ms = {start_times, count};
}

// Where segments overlap. Rare: samples that came late, or a generation that is being sealed.
void GorillaCursor::merge(SeriesSamples& out) {
  struct At {
    int64_t t;
    uint32_t priority, segment;
    size_t i;
  };
  std::vector<At> all;
  bool starts = false;
  for (uint32_t n = 0; n < segments_.size(); ++n) {
    starts = starts || segments_[n].starts != nullptr;
    for (size_t i = 0; i < segments_[n].count; ++i)
      all.push_back({segments_[n].timestamps[i], segments_[n].priority, n, i});
  }
  std::sort(all.begin(), all.end(), [](const At& a, const At& b) {
    return a.t != b.t ? a.t < b.t : a.priority != b.priority ? a.priority < b.priority : a.segment < b.segment;
  });
  all.erase(std::unique(all.begin(), all.end(), [](const At& a, const At& b) { return a.t == b.t; }), all.end());
  auto* timestamps = arena_.allocate<int64_t>(all.size());
  auto* values = arena_.allocate<double>(all.size());
  auto* start_times = starts ? arena_.allocate<int64_t>(all.size()) : nullptr;
  for (size_t i = 0; i < all.size(); ++i) {
    const Segment& s = segments_[all[i].segment];
    timestamps[i] = all[i].t;
    values[i] = s.values[all[i].i];
    if (starts) start_times[i] = s.starts == nullptr ? 0 : s.starts[all[i].i];
  }
  out.timestamps_ms = {timestamps, all.size()};
  out.values = {values, all.size()};
  if (starts) out.start_timestamps_ms = {start_times, all.size()};
}

// In order of time, one at each, none where a float is.
void GorillaCursor::settle_histograms(SeriesSamples& out) {
  std::stable_sort(histograms_.begin(), histograms_.end(), [](const auto& a, const auto& b) {
    return a.first->timestamp_ms != b.first->timestamp_ms ? a.first->timestamp_ms < b.first->timestamp_ms
                                                          : a.second < b.second;
  });
  auto* kept = arena_.allocate<const Histogram*>(histograms_.size());
  size_t n = 0;
  for (const auto& [h, priority] : histograms_) {
    if (n > 0 && kept[n - 1]->timestamp_ms == h->timestamp_ms) continue;
    if (std::binary_search(out.timestamps_ms.begin(), out.timestamps_ms.end(), h->timestamp_ms)) continue;
    kept[n++] = h;
  }
  out.histograms = {kept, n};
}

}  // namespace nightlight::gorilla
