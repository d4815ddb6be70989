// What queries see of a head.
#include <algorithm>

#include "gorilla/head/head.h"

namespace nightlight::gorilla {

bool Head::overlaps(int64_t start_ms, int64_t end_ms) const {
  MutexLock lock(sample_mutex_);
  auto within = [&](const Generation* g) { return g != nullptr && g->min_ms <= end_ms && g->max_ms >= start_ms; };
  return within(open_.get()) || within(frozen_.get());
}

void Head::capture(uint32_t id, int64_t start_ms, int64_t end_ms, HeadSnapshot& out) const {
  for (uint32_t n = 0; n < out.generations.size(); ++n) {
    const Generation& g = *out.generations[n];
    const bool is_open = &g == open_.get();
    HeadPiece piece;
    piece.series = id;
    piece.generation = n;
    if (is_open) {
      piece.chunk = hot_[id].chunk;
    } else if (id < g.frozen.size()) {
      piece.chunk = g.frozen[id];
    }
    if (const ChunkState& c = piece.chunk;
        c.count > 0 && (g.columns.first_ms(c.column) > end_ms || g.columns.at(c.column, c.count - 1u) < start_ms))
      piece.chunk = ChunkState{};
    if (is_open ? (hot_[id].flags & kHasSide) != 0 : !g.side.empty()) {
      if (auto at = g.side.find(id); at != g.side.end()) {
        piece.side = &at->second;
        piece.closed = static_cast<uint32_t>(at->second.closed.size());
        piece.late = static_cast<uint32_t>(at->second.late.size());
        piece.histograms = static_cast<uint32_t>(at->second.histograms.size());
        // Start timestamps count from the first sample: the open chunk is needed with them.
        piece.chunk = is_open ? hot_[id].chunk : g.frozen[id];
      }
    }
    if (piece.chunk.count == 0 && piece.side == nullptr) continue;
    if (!g.deleted.empty())
      if (auto at = g.deleted.find(id); at != g.deleted.end())
        out.deleted.emplace_back(static_cast<uint32_t>(out.pieces.size()), at->second);
    out.pieces.push_back(piece);
  }
}

bool Head::is_current(uint64_t created, uint32_t epoch) const {
  ReaderLock lock(index_mutex_);
  return created == created_ && epoch == index_.epoch();
}

void Head::capture_all(std::span<const uint32_t> ids, int64_t start_ms, int64_t end_ms, HeadSnapshot& out) const {
  for (const auto& g : {frozen_, open_}) {
    if (g == nullptr || g->min_ms > end_ms || g->max_ms < start_ms) continue;
    g->arena.acquire_reader();
    out.generations.push_back(g);
  }
  if (out.generations.empty()) return;
  // Most have samples there, in one generation.
  out.series.reserve(ids.size());
  out.pieces.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i + 8 < ids.size()) __builtin_prefetch(&hot_[ids[i + 8]]);
    auto first = static_cast<uint32_t>(out.pieces.size());
    capture(ids[i], start_ms, end_ms, out);
    if (auto count = static_cast<uint32_t>(out.pieces.size()) - first; count > 0)
      out.series.push_back({0, first, count});
  }
}

void Head::select(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms, SetLabels& labels,
                  HeadSnapshot& out) const {
  std::vector<uint32_t> ids;
  uint64_t created = 0;
  uint32_t epoch = 0;
  auto match = [&]() {
    ReaderLock lock(index_mutex_);
    ids = index_.select(matchers).ids();
    created = created_;
    epoch = index_.epoch();
  };
  // What was created since the match may belong to a batch of which other series are seen: match again, at last with
  // the samples locked.
  for (bool done = false, last = false; !done; last = true) {
    match();
    MutexLock lock(sample_mutex_);
    done = is_current(created, epoch);
    if (!done && last) {
      match();
      done = true;
    }
    if (done) capture_all(ids, start_ms, end_ms, out);
    out.epoch = epoch;
  }
  label_series(labels, out);
}

void Head::capture_frozen(const std::shared_ptr<Generation>& generation, std::span<const uint32_t> ids,
                          SetLabels& labels, HeadSnapshot& out) const {
  {
    MutexLock lock(sample_mutex_);
    generation->arena.acquire_reader();
    out.generations.push_back(generation);
    for (uint32_t id : ids) {
      auto first = static_cast<uint32_t>(out.pieces.size());
      capture(id, INT64_MIN, INT64_MAX, out);
      if (auto count = static_cast<uint32_t>(out.pieces.size()) - first; count > 0)
        out.series.push_back({0, first, count});
    }
  }
  label_series(labels, out);
}

// Ids stay what they are: garbage collection spares every series that has samples in a generation not yet sealed, and
// one that was sealed a moment ago.
void Head::label_series(SetLabels& labels, HeadSnapshot& out) const {
  ReaderLock lock(index_mutex_);
  // A pointer: the analysis does not see that a lambda runs under the lock that is held here.
  const SeriesIndex* index = &index_;
  const SymbolTable& symbols = index->symbols();
  std::vector<uint32_t> memo;
  const bool dense = out.series.size() * 128 > symbols.size();
  if (dense) memo.assign(symbols.size(), kNoId);
  auto symbol = [&](uint32_t s) {
    if (!dense) return labels.symbol(symbols.text(s), true);
    if (memo[s] == kNoId) memo[s] = labels.symbol(symbols.text(s), true);
    return memo[s];
  };
  // No two series of the head have the same labels.
  const bool all_new = labels.size() == 0;
  SetLabels::Sets sets;
  std::vector<uint32_t> positions;
  positions.reserve(out.series.size());
  for (const HeadSnapshot::Series& series : out.series) {
    index->each_label(out.id_of(series), [&](uint32_t label_id) {
      LabelRef l = index->label(label_id);
      sets.refs.push_back({symbol(l.name), symbol(l.value)});
    });
    sets.ends.push_back(static_cast<uint32_t>(sets.refs.size()));
    if (sets.size() < SetLabels::kTogether) continue;
    // The others will have about as many.
    if (all_new && positions.empty()) labels.reserve(out.series.size(), sets);
    labels.series(sets, all_new, positions);
    sets.clear();
  }
  labels.series(sets, all_new, positions);
  for (size_t i = 0; i < positions.size(); ++i) out.series[i].set_series = positions[i];
}

std::map<std::string, Head::FamilyMetadata> Head::metadata(std::string_view family) const {
  MutexLock lock(metadata_mutex_);
  std::map<std::string, FamilyMetadata> out;
  for (const auto& [name, m] : metadata_)
    if (family.empty() || name == family) out.emplace(name, m);
  return out;
}

}  // namespace nightlight::gorilla
