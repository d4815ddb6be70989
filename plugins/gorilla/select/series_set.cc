#include "gorilla/select/series_set.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "gorilla/select/cursor.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

// Whether the positions are those of [0, count), each once: a damaged block may have a series twice.
bool has_each(const std::vector<uint32_t>& positions, uint32_t count) {
  if (positions.size() != count) return false;
  std::vector<bool> seen(count);
  for (uint32_t position : positions) {
    if (seen[position]) return false;
    seen[position] = true;
  }
  return true;
}

}  // namespace

GorillaSeriesSet::GorillaSeriesSet(const Head& head, Host* host, int64_t start_ms, int64_t end_ms, KnownSeries* known)
    : head_(head), host_(host), start_ms_(start_ms), end_ms_(end_ms), known_(known) {}

GorillaSeriesSet::~GorillaSeriesSet() = default;

Result<void> GorillaSeriesSet::add_block(BlockView view, std::span<const LabelMatcher> matchers) {
  const Block& block = *view.block;
  const auto& labels = block.label_fingerprint();
  auto found = std::find_if(found_.begin(), found_.end(), [&](const Found& f) { return labels && f.labels == labels; });
  if (found == found_.end()) {
    NIGHTLIGHT_ASSIGN(ordinals, block.select(matchers));
    NIGHTLIGHT_ASSIGN(positions, find_series(block, ordinals));
    found = found_.insert(found_.end(), {labels, std::move(ordinals), std::move(positions)});
  }
  if (found->ordinals.empty()) return {};
  const auto number = static_cast<uint32_t>(blocks_.size());
  const auto place = static_cast<size_t>(found - found_.begin());
  if (runs_.empty() || runs_.back().found != place) runs_.push_back({number, number, place});
  ++runs_.back().end_block;
  blocks_.push_back(std::move(view));
  return {};
}

Result<std::vector<uint32_t>> GorillaSeriesSet::find_series(const Block& block, std::span<const uint32_t> ordinals) {
  constexpr size_t kAhead = 16;
  std::shared_ptr<KnownSeries::Ids> ids;
  if (known_ != nullptr && block.label_fingerprint() && head_positions_.make(snapshot_))
    ids = known_->of_blocks(*block.label_fingerprint(), block.series_count(), snapshot_.epoch);
  if (ids == nullptr) return find_by_labels(block, ordinals);
  std::vector<uint32_t> positions(ordinals.size()), others, places;  // The others' ordinals, and where in positions.
  for (size_t i = 0; i < ordinals.size(); ++i) {
    if (i + kAhead < ordinals.size()) head_positions_.prefetch(ids->of(ordinals[i + kAhead]));
    positions[i] = head_positions_.of(ids->of(ordinals[i]));
    if (positions[i] != kNoId) continue;
    others.push_back(ordinals[i]);
    places.push_back(static_cast<uint32_t>(i));
  }
  if (others.empty()) return positions;
  NIGHTLIGHT_ASSIGN(found, find_by_labels(block, others));
  // The head's series were the first to get positions.
  for (size_t i = 0; i < others.size(); ++i) {
    positions[places[i]] = found[i];
    if (found[i] < snapshot_.series.size()) ids->note(others[i], snapshot_.id_of(snapshot_.series[found[i]]));
  }
  return positions;
}

Result<std::vector<uint32_t>> GorillaSeriesSet::find_by_labels(const Block& block, std::span<const uint32_t> ordinals) {
  std::unique_ptr<LabelReader> reader = block.label_reader();
  // The symbols that are known already, by name and value. Not for names with far more values than are wanted.
  struct Known {
    uint32_t name = kNoId;
    std::vector<uint32_t> values;
  };
  std::vector<Known> known(reader->name_count());
  auto ref_of = [&](LabelReader::Key key) -> Result<LabelRef> {
    Known& name = known[key.name];
    if (name.name != kNoId && key.value < name.values.size() && name.values[key.value] != kNoId)
      return LabelRef{name.name, name.values[key.value]};
    NIGHTLIGHT_ASSIGN(label, reader->text(key));
    if (name.name == kNoId) {
      name.name = labels_.symbol(label.first, false);
      const uint32_t values = reader->value_count(key.name);
      if (values / 16 <= ordinals.size()) name.values.assign(values, kNoId);
    }
    const LabelRef ref{name.name, labels_.symbol(label.second, false)};
    if (key.value < name.values.size()) name.values[key.value] = ref.value;
    return ref;
  };
  // No two series of a block have the same labels.
  const bool all_new = labels_.size() == 0;
  SetLabels::Sets sets;
  std::vector<uint32_t> positions;
  positions.reserve(ordinals.size());
  for (uint32_t ordinal : ordinals) {
    NIGHTLIGHT_ASSIGN(keys, reader->keys(ordinal));
    for (LabelReader::Key key : keys) {
      NIGHTLIGHT_ASSIGN(ref, ref_of(key));
      sets.refs.push_back(ref);
    }
    sets.ends.push_back(static_cast<uint32_t>(sets.refs.size()));
    if (sets.size() < SetLabels::kTogether) continue;
    if (all_new && positions.empty()) labels_.reserve(ordinals.size(), sets);
    labels_.series(sets, all_new, positions);
    sets.clear();
  }
  labels_.series(sets, all_new, positions);
  return positions;
}

void GorillaSeriesSet::sort_runs() {
  run_begins_.assign(labels_.size() + 1, 0);
  for (const Run& run : runs_)
    for (uint32_t series : found_[run.found].positions) ++run_begins_[series + 1];
  std::partial_sum(run_begins_.begin(), run_begins_.end(), run_begins_.begin());
  in_runs_.resize(run_begins_.back());
  std::vector<uint32_t> next(run_begins_.begin(), run_begins_.end() - 1);
  for (uint32_t number = 0; number < runs_.size(); ++number) {
    const Found& found = found_[runs_[number].found];
    for (size_t i = 0; i < found.ordinals.size(); ++i)
      in_runs_[next[found.positions[i]]++] = {number, found.ordinals[i]};
  }
}

void GorillaSeriesSet::finish(bool sorted, uint64_t limit) {
  const uint32_t n = labels_.size();
  head_series_.assign(n, kNoId);
  for (uint32_t i = 0; i < snapshot_.series.size(); ++i) head_series_[snapshot_.series[i].set_series] = i;
  sort_runs();
  // A block has its series in the order of their labels.
  const auto whole =
      std::find_if(found_.begin(), found_.end(), [&](const Found& f) { return has_each(f.positions, n); });
  if (sorted && whole != found_.end()) {
    order_ = std::move(whole->positions);
  } else if (sorted) {
    order_ = labels_.sorted();
  } else {
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0);
  }
  found_ = {};
  head_positions_.clear();
  if (limit > 0 && order_.size() > limit) order_.resize(limit);
  for (const std::string& text : warning_texts_) warnings_.push_back(str(text));
}

size_t GorillaSeriesSet::memory_bytes() const {
  return labels_.memory_bytes() + snapshot_.pieces.capacity() * sizeof(HeadPiece) +
         snapshot_.series.capacity() * sizeof(HeadSnapshot::Series) + in_runs_.capacity() * sizeof(InRun) +
         (run_begins_.capacity() + head_series_.capacity() + order_.capacity()) * 4;
}

void GorillaSeriesSet::give_back(std::unique_ptr<GorillaCursor> cursor) const noexcept try {
  MutexLock lock(idle_mutex_);
  idle_.push_back(std::move(cursor));
} catch (const std::bad_alloc&) {
}

Status GorillaSeriesSet::open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept {
  return guard(host_, [&]() -> Status {
    if (first > order_.size() || count > order_.size() - first)
      return host_->fail(Code::kOutOfRange, str("cursor beyond the end of the series set"));
    std::unique_ptr<GorillaCursor> cursor;
    {
      MutexLock lock(idle_mutex_);
      if (!idle_.empty()) {
        cursor = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (cursor == nullptr) cursor = std::make_unique<GorillaCursor>(*this);
    cursor->move_to(first, first + count);
    *out = cursor.release();
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
