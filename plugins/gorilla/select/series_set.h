// A selection over head and blocks: the series with their labels at once, their samples when a cursor asks.
#ifndef NIGHTLIGHT_GORILLA_SELECT_SERIES_SET_H_
#define NIGHTLIGHT_GORILLA_SELECT_SERIES_SET_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "gorilla/block/block.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/head/head.h"
#include "gorilla/select/head_positions.h"
#include "gorilla/select/known_series.h"
#include "gorilla/select/set_labels.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {

// A block as queries see it.
struct BlockView {
  std::shared_ptr<const Block> block;
  std::shared_ptr<const Tombstones> tombstones;  // Null: none.
};

class GorillaCursor;

class GorillaSeriesSet final : public SeriesSet {
 public:
  // `head` and `host` must outlive the set. The head is captured before the caller looked at the list of blocks: what
  // is being sealed meanwhile is then seen twice, and merged, rather than missed. Without `known`, blocks are compared
  // with the head by their labels.
  GorillaSeriesSet(const Head& head, Host* host, int64_t start_ms, int64_t end_ms, KnownSeries* known = nullptr);

  void add_head(std::span<const LabelMatcher> matchers) {
    head_.select(matchers, start_ms_, end_ms_, labels_, snapshot_);
  }
  // Of a frozen generation, these series, for sealing.
  void add_generation(const std::shared_ptr<Generation>& generation, std::span<const uint32_t> ids) {
    head_.capture_frozen(generation, ids, labels_, snapshot_);
  }
  Result<void> add_block(BlockView view, std::span<const LabelMatcher> matchers);
  void warn(std::string text) { warning_texts_.push_back(std::move(text)); }
  // Ends the additions.
  void finish(bool sorted, uint64_t limit);
  size_t memory_bytes() const;

  uint64_t size() noexcept override { return order_.size(); }
  View<Str> symbols() noexcept override { return view_of(labels_.symbols()); }
  View<LabelRef> labels(uint64_t i) noexcept override { return labels_.labels(order_[i]); }
  Status open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept override;
  View<Str> warnings() noexcept override { return view_of(warnings_); }
  void release() noexcept override { delete this; }

 private:
  friend class GorillaCursor;
  // [any] A cursor that nobody uses any more, for the next caller: a query opens one for every few hundred series, and
  // they have memory and pages at hand.
  void give_back(std::unique_ptr<GorillaCursor> cursor) const noexcept;
  // Consecutive blocks with the same label index: what one of them has, all have at the same ordinal.
  struct Run {
    uint32_t first_block, end_block;
    size_t found;  // Index into found_, until the additions end.
  };
  struct InRun {
    uint32_t run, ordinal;
  };
  ~GorillaSeriesSet();
  // The positions of these series of a block, those added that are not there yet.
  Result<std::vector<uint32_t>> find_series(const Block& block, std::span<const uint32_t> ordinals);
  Result<std::vector<uint32_t>> find_by_labels(const Block& block, std::span<const uint32_t> ordinals);
  // Lists the runs of each series.
  void sort_runs();

  const Head& head_;
  Host* host_;
  const int64_t start_ms_, end_ms_;
  KnownSeries* const known_;
  SetLabels labels_;
  HeadSnapshot snapshot_;
  std::vector<BlockView> blocks_;
  // What was found of blocks, for others with the same series. Until the additions end.
  struct Found {
    std::optional<LabelFingerprint> labels;
    std::vector<uint32_t> ordinals, positions;
  };
  std::vector<Found> found_;
  HeadPositions head_positions_;  // Until the additions end.
  std::vector<Run> runs_;
  std::vector<InRun> in_runs_;         // By set series, then in order of the runs.
  std::vector<uint32_t> run_begins_;   // By set series, one more at the end: place in in_runs_.
  std::vector<uint32_t> head_series_;  // By set series: index into snapshot_.series, or kNoId.
  std::vector<uint32_t> order_;        // Position -> set series.
  std::vector<std::string> warning_texts_;
  std::vector<Str> warnings_;
  // Go before the blocks that they read.
  mutable Mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<GorillaCursor>> idle_ GUARDED_BY(idle_mutex_);
};

struct SeriesSetDeleter {
  void operator()(GorillaSeriesSet* set) const { set->release(); }
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_SERIES_SET_H_
