// Reads a part of a series set in batches: copies what the head has under its lock, decodes without, and merges head
// and blocks. Series that share timestamp columns share them in the answer, too.
#ifndef NIGHTLIGHT_GORILLA_SELECT_CURSOR_H_
#define NIGHTLIGHT_GORILLA_SELECT_CURSOR_H_

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "gorilla/block/sample_columns.h"
#include "gorilla/select/series_set.h"

namespace nightlight::gorilla {

class GorillaCursor final : public SeriesCursor {
 public:
  explicit GorillaCursor(const GorillaSeriesSet& set) : set_(set), block_reads_(set.blocks_.size()) {}

  // Goes on with the series [first, end) of the set's order.
  void move_to(uint64_t first, uint64_t end) {
    position_ = first;
    end_ = end;
  }
  Status next(SeriesBatch* out) noexcept override;
  // The set keeps the cursor for its next caller.
  void release() noexcept override {
    arena_.clear();
    set_.give_back(std::unique_ptr<GorillaCursor>(this));
  }

 private:
  // So many series' samples stay in a processor's cache.
  static constexpr uint64_t kBatch = 64;

  // Samples of one series from one place, ascending in time.
  struct Segment {
    const int64_t* timestamps;
    const double* values;
    const int64_t* starts;  // Null: all unknown.
    size_t count;
    uint64_t key[2];    // Segments with equal keys have the same timestamps; 0, 0: nothing known.
    uint32_t priority;  // At equal times the lowest wins.
  };
  struct RawChunk {
    ChunkState chunk;
    size_t raw;  // Place in raw_.
    const int64_t* timestamps;
    uint64_t column_key;
    uint32_t first_sample;  // Number of its first sample among the piece's floats.
  };
  // What a piece has beside chunks.
  struct RawSide {
    std::vector<SideSeries::StartRun> starts;
    std::vector<SideSeries::Late> late;
    std::string histograms;
    size_t histogram_count = 0;
  };
  struct RawPiece {
    uint32_t piece;
    uint32_t first_chunk = 0, end_chunk = 0;  // In chunks_.
    uint32_t side = kNoId;                    // In sides_.
  };
  // Where a series of the batch is.
  struct Place {
    uint32_t head;                // Index into the snapshot's series, or kNoId.
    uint32_t first_run, end_run;  // In the set's in_runs_.
  };
  struct Shared {
    const int64_t* timestamps;
    uint64_t id;
  };
  struct Key {
    uint64_t a, b;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& k) const { return static_cast<size_t>(k.a ^ (k.b * 0x9e3779b97f4a7c15ull)); }
  };

  Status fill(SeriesBatch* out);
  // Finds series [begin, end) of the order.
  void find_places(uint64_t begin, uint64_t end);
  // Copies what the head has of them.
  void copy_head();
  void copy_piece(RawPiece& out);
  void copy_chunk(const ChunkState& chunk, uint32_t generation, uint32_t first_sample);
  Result<void> read_blocks(const Place& place);
  Result<void> read_block(uint32_t block, uint32_t ordinal);
  void decode_piece(const RawPiece& piece);
  void decode_side(RawSide& side, const std::vector<TimeRange>* deleted);
  // The batch's copy of what a block's cursor has until its next read.
  const int64_t* timestamps_of(uint32_t block, const ChunkSamples& chunk);
  void add_segment(Segment segment);
  // Without the samples of which `is_hidden(timestamp_ms)` is true.
  template <class IsHidden>
  Segment visible(const Segment& segment, IsHidden is_hidden);
  bool emit(uint64_t position, SeriesSamples& out);
  void join(SeriesSamples& out);
  // The batch's timestamps with this key; `timestamps` null: not there yet.
  Shared& shared_of(Key key);
  void merge(SeriesSamples& out);
  void settle_histograms(SeriesSamples& out);

  const GorillaSeriesSet& set_;
  uint64_t position_ = 0, end_ = 0;
  struct BlockRead {
    std::unique_ptr<BlockCursor> cursor;  // Null until the block is read.
    uint32_t priority = 0;
    // The timestamps of the columns that were read last, as the batch has them: of each slice, most series have the
    // same column.
    struct Column {
      uint32_t column;
      const int64_t* timestamps;
    };
    std::array<Column, 8> columns;
    uint32_t columns_held = 0, next_column = 0;
  };
  std::vector<BlockRead> block_reads_;  // By block.

  // Of the current batch.
  SampleArena arena_;
  std::vector<Place> places_;
  UninitialisedVector<uint8_t> raw_;
  std::vector<RawPiece> pieces_;
  std::vector<RawChunk> chunks_;
  std::vector<RawSide> sides_;
  std::unordered_map<uint64_t, std::pair<const int64_t*, uint32_t>> columns_;  // (generation, column) -> copy, length
  std::unordered_map<Key, Shared, KeyHash> shared_;
  // The entry of shared_ that was looked up last: most series have the timestamps of the one before. Null: none.
  Key last_key_{0, 0};
  Shared* last_shared_ = nullptr;
  std::vector<SeriesSamples> samples_;
  std::vector<const SeriesSamples*> pointers_;
  // Of the current series.
  std::vector<ChunkSamples> block_chunks_;
  std::vector<const Histogram*> block_histograms_;
  std::vector<Segment> segments_;
  std::vector<std::pair<const Histogram*, uint32_t>> histograms_;  // With priority.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_CURSOR_H_
