#include <algorithm>
#include <map>
#include <unordered_map>

#include "gorilla/block/chunk_values.h"
#include "gorilla/block/data_reader.h"
#include "gorilla/chunk/histograms.h"

namespace nightlight::gorilla {
namespace {

// Decoded timestamps at hand: shared columns are few, and columns of their own come in the order of the series.
constexpr size_t kMaxHeldTimestamps = 1 << 17;
constexpr size_t kMaxTimestampIds = 1 << 14;

struct Held {
  size_t slice = 0;  // Index into the reader's slices.
  size_t page_number = 0;
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
      if (overlaps(data.slices()[i].number)) held_.push_back({i, 0, nullptr, 0, {}});
  }

  Result<void> read(uint32_t ordinal, SampleColumns* out) override {
    if (ordinal >= data_.series_count()) return Error{Code::kOutOfRange, "no series " + std::to_string(ordinal)};
    const bool fresh = out->values.empty();
    used_.clear();
    times_.clear();
    if (held_timestamps_ > kMaxHeldTimestamps) {
      columns_.clear();
      last_window_ = nullptr;
      held_timestamps_ = 0;
    }
    for (Held& held : held_) NIGHTLIGHT_TRY(read_slice(held, ordinal, out));
    const uint64_t id = fresh ? id_of_used() : 0;
    if (id == 0 || id != out->timestamps_id) {
      if (fresh) out->timestamps_ms.clear();
      for (std::span<const int64_t> times : times_)
        out->timestamps_ms.insert(out->timestamps_ms.end(), times.begin(), times.end());
    }
    out->timestamps_id = id;
    return {};
  }

 private:
  bool overlaps(int64_t number) const {
    // In floating point: only an estimate at the far ends of time, where a slice too many does no harm.
    double begin = static_cast<double>(number) * static_cast<double>(data_.slice_ms());
    double slack = static_cast<double>(data_.slice_ms()) + 4096;
    return begin - 4096 <= static_cast<double>(end_ms_) && begin + slack >= static_cast<double>(start_ms_);
  }

  Result<void> read_slice(Held& held, uint32_t ordinal, SampleColumns* out) {
    const std::vector<DataReader::Page>& pages = data_.slices()[held.slice].pages;
    bool at_hand = held.page != nullptr && pages[held.page_number].first_ordinal < ordinal &&
                   ordinal <= pages[held.page_number].last_ordinal;
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
        held.next = 0;
        held.values.clear();
      }
      const DataPageView& page = *held.page;
      size_t i = held.next;
      const bool is_next = i < page.size() && page.ordinal(i) == ordinal && (i == 0 || page.ordinal(i - 1) < ordinal);
      if (!is_next) i = page.find(ordinal);
      for (; i < page.size() && page.ordinal(i) == ordinal; ++i) {
        auto read = read_chunk(held, i, out);
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
  Result<void> read_chunk(Held& held, size_t i, SampleColumns* out) {
    const DataPageView& page = *held.page;
    NIGHTLIGHT_ASSIGN(found, column(page.column(i)));
    const Window& window = *found;
    if (window.count == 0) return {};
    bool ok = page.kind(i) == kHistogramEncoding ? read_histograms(page.chunk(i), window, out)
                                                 : read_floats(held, i, window, out);
    if (!ok) return Error{Code::kDataLoss, ""};
    if (page.kind(i) != kHistogramEncoding) {
      used_.push_back(page.column(i));
      times_.push_back(std::span(window.times).subspan(window.first, window.count));
    }
    return {};
  }

  bool read_floats(Held& held, size_t i, const Window& window, SampleColumns* out) {
    const DataPageView& page = *held.page;
    size_t before = out->values.size(), count = window.times.size();
    FloatChunk chunk;
    if (!split_float_chunk(page.kind(i), page.chunk(i), &chunk)) return false;
    if (chunk.has_starts) {
      starts_.resize(count);
      if (!decode_integers(chunk.start_encoding, chunk.starts, count, starts_.data())) return false;
      // Samples before these had none.
      out->start_timestamps_ms.resize(before);
      out->start_timestamps_ms.insert(out->start_timestamps_ms.end(),
                                      starts_.begin() + static_cast<ptrdiff_t>(window.first),
                                      starts_.begin() + static_cast<ptrdiff_t>(window.first + window.count));
    } else if (!out->start_timestamps_ms.empty()) {
      out->start_timestamps_ms.resize(before + window.count);
    }
    if (window.whole()) {
      out->values.resize(before + count);
      if (!held.values.decode(page, i, chunk, count, out->values.data() + before)) {
        out->values.resize(before);
        return false;
      }
    } else {
      values_.resize(count);
      if (!held.values.decode(page, i, chunk, count, values_.data())) return false;
      out->values.insert(out->values.end(), values_.begin() + static_cast<ptrdiff_t>(window.first),
                         values_.begin() + static_cast<ptrdiff_t>(window.first + window.count));
    }
    return true;
  }

  bool read_histograms(ByteView bytes, const Window& window, SampleColumns* out) {
    if (window.whole()) return decode_histograms(bytes, window.times, out->arena, out->histograms);
    histograms_.clear();
    if (!decode_histograms(bytes, window.times, out->arena, histograms_)) return false;
    out->histograms.insert(out->histograms.end(), histograms_.begin() + static_cast<ptrdiff_t>(window.first),
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

  // Equal lists of columns within one range are equal timestamps.
  uint64_t id_of_used() {
    if (used_.empty()) return 0;
    if (used_.size() == 1) return uint64_t{used_[0]} + 1;
    auto found = ids_.find(used_);
    if (found != ids_.end()) return found->second;
    if (ids_.size() >= kMaxTimestampIds) return 0;
    uint64_t id = (uint64_t{1} << 32) + 1 + ids_.size();
    ids_.emplace(used_, id);
    return id;
  }

  const DataReader& data_;
  const int64_t start_ms_, end_ms_;
  std::vector<Held> held_;
  std::unordered_map<uint32_t, Window> columns_;
  uint32_t last_column_ = 0;
  const Window* last_window_ = nullptr;  // Of last_column_. Null: none.
  size_t held_timestamps_ = 0;
  // Of the series that is read: columns, and what of them lies in the cursor's range.
  std::vector<uint32_t> used_;
  std::vector<std::span<const int64_t>> times_;
  std::map<std::vector<uint32_t>, uint64_t> ids_;
  std::vector<int64_t> starts_;
  UninitialisedVector<double> values_;
  std::vector<const Histogram*> histograms_;
};

}  // namespace

std::unique_ptr<BlockCursor> make_block_cursor(const DataReader& data, int64_t start_ms, int64_t end_ms) {
  return std::make_unique<Cursor>(data, start_ms, end_ms);
}

}  // namespace nightlight::gorilla
