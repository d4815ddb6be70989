#include "gorilla/select/series_set.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "gorilla/select/cursor.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {

Result<void> GorillaSeriesSet::add_block(BlockView view, std::span<const LabelMatcher> matchers) {
  NIGHTLIGHT_ASSIGN(ordinals, view.block->select(matchers));
  if (ordinals.empty()) return {};
  auto number = static_cast<uint32_t>(blocks_.size());
  std::unique_ptr<LabelReader> reader = view.block->label_reader();
  std::vector<LabelRef> refs;
  for (uint32_t ordinal : ordinals) {
    NIGHTLIGHT_ASSIGN(labels, reader->labels(ordinal));
    refs.clear();
    for (const LabelView& label : labels)
      refs.push_back({labels_.symbol(label.first, false), labels_.symbol(label.second, false)});
    block_series_.push_back({labels_.series(refs), number, ordinal});
  }
  blocks_.push_back(std::move(view));
  return {};
}

void GorillaSeriesSet::finish(bool sorted, uint64_t limit) {
  const uint32_t n = labels_.size();
  head_series_.assign(n, kNoId);
  for (uint32_t i = 0; i < snapshot_.series.size(); ++i) head_series_[snapshot_.series[i].set_series] = i;
  std::stable_sort(block_series_.begin(), block_series_.end(),
                   [](const BlockSeries& a, const BlockSeries& b) { return a.set_series < b.set_series; });
  block_begins_.assign(n + 1, 0);
  for (const BlockSeries& s : block_series_) ++block_begins_[s.set_series + 1];
  std::partial_sum(block_begins_.begin(), block_begins_.end(), block_begins_.begin());
  if (sorted) {
    order_ = labels_.sorted();
  } else {
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0);
  }
  if (limit > 0 && order_.size() > limit) order_.resize(limit);
  for (const std::string& text : warning_texts_) warnings_.push_back(str(text));
}

size_t GorillaSeriesSet::memory_bytes() const {
  return labels_.memory_bytes() + snapshot_.pieces.capacity() * sizeof(HeadPiece) +
         snapshot_.series.capacity() * sizeof(HeadSnapshot::Series) + block_series_.capacity() * sizeof(BlockSeries) +
         (block_begins_.capacity() + head_series_.capacity() + order_.capacity()) * 4;
}

Status GorillaSeriesSet::open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept {
  return guard(host_, [&]() -> Status {
    if (first > order_.size() || count > order_.size() - first)
      return host_->fail(Code::kOutOfRange, str("cursor beyond the end of the series set"));
    *out = new GorillaCursor(*this, first, first + count);
    return kOkStatus;
  });
}

}  // namespace nightlight::gorilla
