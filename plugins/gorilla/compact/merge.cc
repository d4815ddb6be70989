#include "gorilla/compact/merge.h"

#include <algorithm>

#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

constexpr uint64_t kSeriesBetweenQuestions = 256;

// One source, at the series that comes next.
struct Source {
  const OpenBlock* block;
  std::unique_ptr<LabelReader> labels;
  std::unique_ptr<BlockCursor> cursor;
  uint32_t next = 0;
  std::span<const LabelView> current;
  SampleColumns samples;

  bool ended() const { return next == block->block->series_count(); }
  Result<void> load() {
    if (ended()) return {};
    NIGHTLIGHT_ASSIGN(read, labels->labels(next));
    current = read;
    return {};
  }
};

bool labels_less(std::span<const LabelView> a, std::span<const LabelView> b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

// The samples of one series from all sources that have it.
class SeriesMerge {
 public:
  void clear() { parts_.clear(); }
  // In the order of the sources; the columns stay until the next clear.
  void add(const SampleColumns& samples) {
    if (!samples.empty()) parts_.push_back(&samples);
  }
  bool empty() const { return parts_.empty(); }

  SeriesInput merged(std::span<const LabelView> labels) {
    SeriesInput out;
    out.labels = labels;
    if (parts_.size() == 1) {
      const SampleColumns& only = *parts_.front();
      out.timestamps_ms = only.timestamps_ms;
      out.values = only.values;
      out.start_timestamps_ms = only.start_timestamps_ms;
      out.histograms = only.histograms;
      return out;
    }
    collect();
    out.timestamps_ms = timestamps_;
    out.values = values_;
    if (any_start_) out.start_timestamps_ms = starts_;
    out.histograms = histograms_;
    return out;
  }

 private:
  struct Entry {
    int64_t timestamp_ms;
    uint32_t part, index;
    bool histogram;
  };

  void collect() {
    entries_.clear();
    for (uint32_t part = 0; part < parts_.size(); ++part) {
      const SampleColumns& p = *parts_[part];
      for (uint32_t i = 0; i < p.timestamps_ms.size(); ++i) entries_.push_back({p.timestamps_ms[i], part, i, false});
      for (uint32_t i = 0; i < p.histograms.size(); ++i)
        entries_.push_back({p.histograms[i]->timestamp_ms, part, i, true});
    }
    auto before = [](const Entry& a, const Entry& b) {
      return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms < b.timestamp_ms : a.part < b.part;
    };
    if (!std::is_sorted(entries_.begin(), entries_.end(), before))
      std::stable_sort(entries_.begin(), entries_.end(), before);
    timestamps_.clear();
    values_.clear();
    starts_.clear();
    histograms_.clear();
    any_start_ = false;
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Entry& e = entries_[i];
      if (i > 0 && entries_[i - 1].timestamp_ms == e.timestamp_ms) continue;
      const SampleColumns& p = *parts_[e.part];
      if (e.histogram) {
        histograms_.push_back(p.histograms[e.index]);
        continue;
      }
      timestamps_.push_back(e.timestamp_ms);
      values_.push_back(p.values[e.index]);
      starts_.push_back(p.start_timestamps_ms.empty() ? 0 : p.start_timestamps_ms[e.index]);
      any_start_ |= starts_.back() != 0;
    }
  }

  std::vector<const SampleColumns*> parts_;
  std::vector<Entry> entries_;
  std::vector<int64_t> timestamps_, starts_;
  std::vector<double> values_;
  std::vector<const Histogram*> histograms_;
  bool any_start_ = false;
};

// Takes the series with the least labels from every source that has it.
Result<void> take_next(std::vector<Source>& sources, SeriesMerge& merge, std::vector<std::string>& text,
                       std::vector<LabelView>& labels) {
  const Source* least = nullptr;
  for (const Source& source : sources) {
    if (!source.ended() && (least == nullptr || labels_less(source.current, least->current))) least = &source;
  }
  // Readers forget their labels when they go on.
  text.clear();
  labels.clear();
  for (const LabelView& label : least->current) {
    text.emplace_back(label.first);
    text.emplace_back(label.second);
  }
  for (size_t i = 0; i < text.size(); i += 2) labels.emplace_back(text[i], text[i + 1]);
  merge.clear();
  for (Source& source : sources) {
    if (source.ended() || !std::equal(labels.begin(), labels.end(), source.current.begin(), source.current.end()))
      continue;
    source.samples.clear();
    NIGHTLIGHT_TRY(source.cursor->read(source.next, &source.samples));
    if (source.block->tombstones != nullptr) {
      if (const auto* ranges = source.block->tombstones->ranges(source.next)) subtract(*ranges, &source.samples);
    }
    merge.add(source.samples);
    ++source.next;
    NIGHTLIGHT_TRY(source.load());
  }
  return {};
}

}  // namespace

Result<std::optional<BlockMeta>> merge_blocks(const OpenBlocks& from, Bucket& bucket, BlockMeta meta,
                                              const BlockOptions& options, const std::function<bool()>& go_on) {
  std::vector<Source> sources;
  for (const auto& block : from) {
    if (block->block == nullptr) return Error{Code::kDataLoss, block->damage};
    Source& source = sources.emplace_back();
    source.block = block.get();
    source.labels = block->block->label_reader();
    source.cursor = block->block->cursor(INT64_MIN, INT64_MAX);
    NIGHTLIGHT_TRY(source.load());
    meta.sources.insert(meta.sources.end(), block->meta.sources.begin(), block->meta.sources.end());
    meta.log_ranges.insert(meta.log_ranges.end(), block->meta.log_ranges.begin(), block->meta.log_ranges.end());
  }
  std::sort(meta.sources.begin(), meta.sources.end());
  meta.sources.erase(std::unique(meta.sources.begin(), meta.sources.end()), meta.sources.end());
  // Ranges of one log are joined: between the seals nothing is missing.
  if (!meta.log_ranges.empty()) {
    LogRange all = meta.log_ranges.front();
    for (const LogRange& range : meta.log_ranges) {
      all.first = std::min(all.first, range.first);
      all.last = std::max(all.last, range.last);
    }
    meta.log_ranges = {all};
  }
  NIGHTLIGHT_ASSIGN(writer, BlockWriter::create(bucket, std::move(meta), options));
  SeriesMerge merge;
  std::vector<std::string> text;
  std::vector<LabelView> labels;
  auto any_left = [&] {
    return std::any_of(sources.begin(), sources.end(), [](const Source& source) { return !source.ended(); });
  };
  for (uint64_t n = 0; any_left(); ++n) {
    if (n % kSeriesBetweenQuestions == 0 && !go_on()) return Error{Code::kCancelled, "the compaction was stopped"};
    NIGHTLIGHT_TRY(take_next(sources, merge, text, labels));
    if (!merge.empty()) NIGHTLIGHT_TRY(writer->add(merge.merged(labels)));
  }
  if (writer->series_count() == 0) return std::optional<BlockMeta>();
  NIGHTLIGHT_ASSIGN(done, writer->finish());
  return std::optional<BlockMeta>(std::move(done));
}

}  // namespace nightlight::gorilla
