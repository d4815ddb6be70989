#include <algorithm>
#include <unordered_map>

#include "gorilla/block/chunk_values.h"
#include "gorilla/block/data_reader.h"
#include "gorilla/chunk/histograms.h"

namespace nightlight::gorilla {
namespace {

// Decoded timestamps at hand: shared columns are few, and columns of their own come in the order of the series.
constexpr size_t kMaxHeldTimestamps = 1 << 17;

struct Held {
  std::span<const DataReader::Page> pages;  // Of one slice.
  size_t page_number = 0;
  uint32_t first_ordinal = 0, last_ordinal = 0;  // Of the page.
  std::shared_ptr<const DataPageView> page;
  size_t next = 0;  // The chunk of the page behind those that were read last.
  ChunkValues values;
};

// A decoded column, and the part of it within the cursor's range.
struct Window {
  std::vector<int64_t> times;
  size_t first = 0, count = 0;
  bool whole() const { return count == times.size(); }
};

class Cursor final : public BlockCursor {
 public:
  Cursor(const DataReader& data, int64_t start_ms, int64_t end_ms) : data_(data), start_ms_(start_ms), end_ms_(end_ms) {
    for (size_t i = 0; i < data.slices().size(); ++i)
      if (overlaps(data.slices()[i].number)) held_.push_back({data.slices()[i].pages, 0, 0, 0, nullptr, 0, {}});
  }

  Result<void> read(uint32_t ordinal, SampleArena& arena, std::vector<ChunkSamples>& floats,
                    std::vector<const Histogram*>& histograms) override {
    if (ordinal >= data_.series_count()) return Error{Code::kOutOfRange, "no series " + std::to_string(ordinal)};
    if (held_timestamps_ > kMaxHeldTimestamps) {
      columns_.clear();
      last_window_ = nullptr;
      held_timestamps_ = 0;
    }
    const Into into{arena, floats, histograms};
    for (Held& held : held_) NIGHTLIGHT_TRY(read_slice(held, ordinal, into));
    return {};
  }

 private:
  // Where samples go.
  struct Into {
    SampleArena& arena;
    std::vector<ChunkSamples>& floats;
    std::vector<const Histogram*>& histograms;
  };

  bool overlaps(int64_t number) const {
    // In floating point: only an estimate at the far ends of time, where a slice too many does no harm.
    double begin = static_cast<double>(number) * static_cast<double>(data_.slice_ms());
    double slack = static_cast<double>(data_.slice_ms()) + 4096;
    return begin - 4096 <= static_cast<double>(end_ms_) && begin + slack >= static_cast<double>(start_ms_);
  }

  Result<void> read_slice(Held& held, uint32_t ordinal, const Into& into) {
    const std::span<const DataReader::Page> pages = held.pages;
    // A series may begin in the page before the one that it ends in.
    const bool at_hand = held.page != nullptr && held.first_ordinal < ordinal && ordinal <= held.last_ordinal;
    size_t number = held.page_number;
    if (!at_hand) {
      auto found = std::partition_point(pages.begin(), pages.end(),
                                        [&](const DataReader::Page& page) { return page.last_ordinal < ordinal; });
      number = static_cast<size_t>(found - pages.begin());
    }
    for (; number < pages.size() && pages[number].first_ordinal <= ordinal; ++number) {
      if (held.page == nullptr || held.page_number != number) {
        NIGHTLIGHT_ASSIGN(page, data_.load(pages[number]));
        held.page = std::move(page);
        held.page_number = number;
        held.first_ordinal = pages[number].first_ordinal;
        held.last_ordinal = pages[number].last_ordinal;
        held.next = 0;
        held.values.clear();
      }
      const DataPageView& page = *held.page;
      size_t i = held.next;
      const bool is_next = i < page.size() && page.ordinal(i) == ordinal && (i == 0 || page.ordinal(i - 1) < ordinal);
      if (!is_next) i = page.find(ordinal);
      page.prefetch_after(i);
      for (; i < page.size() && page.ordinal(i) == ordinal; ++i) {
        auto read = read_chunk(held, i, into);
        if (!read.ok() && read.error().message.empty())
          return data_.file().damaged(pages[number].ref.offset,
                                      "the chunk of series " + std::to_string(ordinal) + " is wrong");
        NIGHTLIGHT_TRY(std::move(read));
      }
      held.next = i;
    }
    return {};
  }

  // An error without a text: the chunk itself is wrong.
  Result<void> read_chunk(Held& held, size_t i, const Into& into) {
    const DataPageView& page = *held.page;
    NIGHTLIGHT_ASSIGN(found, column(page.column(i)));
    const Window& window = *found;
    if (window.count == 0) return {};
    const bool ok = page.kind(i) == kHistogramEncoding ? read_histograms(page.chunk(i), window, into)
                                                       : read_floats(held, i, window, into);
    return ok ? Result<void>() : Error{Code::kDataLoss, ""};
  }

  bool read_floats(Held& held, size_t i, const Window& window, const Into& into) {
    const DataPageView& page = *held.page;
    const size_t count = window.times.size();
    FloatChunk chunk;
    if (!split_float_chunk(page.kind(i), page.chunk(i), &chunk)) return false;
    int64_t* starts = nullptr;
    if (chunk.has_starts) {
      starts = into.arena.allocate<int64_t>(count);
      if (!decode_integers(chunk.start_encoding, chunk.starts, count, starts)) return false;
      starts += window.first;
    }
    auto* values = into.arena.allocate<double>(count);
    if (!held.values.decode(page, i, chunk, count, values)) return false;
    into.floats.push_back(
        {std::span(window.times).subspan(window.first, window.count), values + window.first, starts, page.column(i)});
    return true;
  }

  bool read_histograms(ByteView bytes, const Window& window, const Into& into) {
    if (window.whole()) return decode_histograms(bytes, window.times, into.arena, into.histograms);
    histograms_.clear();
    if (!decode_histograms(bytes, window.times, into.arena, histograms_)) return false;
    into.histograms.insert(into.histograms.end(), histograms_.begin() + static_cast<ptrdiff_t>(window.first),
                           histograms_.begin() + static_cast<ptrdiff_t>(window.first + window.count));
    return true;
  }

  // Lives until the next series is read.
  Result<const Window*> column(uint32_t id) {
    if (last_window_ != nullptr && id == last_column_) return last_window_;
    NIGHTLIGHT_ASSIGN(found, find_column(id));
    last_column_ = id;
    last_window_ = found;
    return found;
  }

  Result<const Window*> find_column(uint32_t id) {
    if (auto found = columns_.find(id); found != columns_.end()) return &found->second;
    Window window;
    std::vector<int64_t>& times = window.times;
    NIGHTLIGHT_TRY(data_.decode_column(id, &times));
    const auto first = std::lower_bound(times.begin(), times.end(), start_ms_);
    const auto last = std::upper_bound(first, times.end(), end_ms_);
    window.first = static_cast<size_t>(first - times.begin());
    window.count = static_cast<size_t>(last - first);
    held_timestamps_ += times.size();
    return &columns_.emplace(id, std::move(window)).first->second;
  }

  const DataReader& data_;
  const int64_t start_ms_, end_ms_;
  std::vector<Held> held_;
  std::unordered_map<uint32_t, Window> columns_;
  uint32_t last_column_ = 0;
  const Window* last_window_ = nullptr;  // Of last_column_. Null: none.
  size_t held_timestamps_ = 0;
  std::vector<const Histogram*> histograms_;
};

}  // namespace

Result<void> BlockCursor::read(uint32_t ordinal, SampleColumns* out) {
  chunks_.clear();
  NIGHTLIGHT_TRY(read(ordinal, out->arena, chunks_, out->histograms));
  for (const ChunkSamples& chunk : chunks_) {
    const size_t count = chunk.timestamps_ms.size(), before = out->values.size();
    out->timestamps_ms.insert(out->timestamps_ms.end(), chunk.timestamps_ms.begin(), chunk.timestamps_ms.end());
    out->values.insert(out->values.end(), chunk.values, chunk.values + count);
    std::vector<int64_t>& starts = out->start_timestamps_ms;
    if (chunk.start_timestamps_ms != nullptr) {
      starts.resize(before);  // Samples before these had none.
      starts.insert(starts.end(), chunk.start_timestamps_ms, chunk.start_timestamps_ms + count);
    } else if (!starts.empty()) {
      starts.resize(before + count);
    }
  }
  return {};
}

std::unique_ptr<BlockCursor> make_block_cursor(const DataReader& data, int64_t start_ms, int64_t end_ms) {
  return std::make_unique<Cursor>(data, start_ms, end_ms);
}

}  // namespace nightlight::gorilla
