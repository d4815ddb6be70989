#include "promql/memory_storage.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <set>
#include <unordered_map>

#include "model/matcher.h"
#include "nightlight/sugar.h"

namespace nightlight::test {
namespace {

constexpr uint64_t kSeriesPerBatch = 100;

// A series as a batch shows it; the views point into this object.
struct SeriesColumns {
  SeriesSamples samples{};
  std::vector<int64_t> timestamps_ms, start_timestamps_ms;
  std::vector<double> values;
  std::deque<Histogram> histograms;
  std::vector<const Histogram*> histogram_views;

  void assign(uint64_t position, const std::vector<Sample>& from, int64_t start_ms, int64_t end_ms) {
    bool start_timestamps = false;
    for (const Sample& sample : from) {
      if (sample.timestamp_ms < start_ms || sample.timestamp_ms > end_ms) continue;
      if (sample.histogram) {
        Histogram& view = histograms.emplace_back(sample.histogram->view(sample.timestamp_ms));
        view.start_timestamp_ms = sample.start_timestamp_ms;
        histogram_views.push_back(&view);
        continue;
      }
      timestamps_ms.push_back(sample.timestamp_ms);
      values.push_back(sample.value);
      start_timestamps_ms.push_back(sample.start_timestamp_ms);
      start_timestamps |= sample.start_timestamp_ms != 0;
    }
    if (!start_timestamps) start_timestamps_ms.clear();
    samples = SeriesSamples{
        sizeof(SeriesSamples),   0, position, 0, view_of(timestamps_ms), view_of(values), view_of(start_timestamps_ms),
        view_of(histogram_views)};
  }
};

class MemorySet;

class MemoryCursor final : public SeriesCursor {
 public:
  MemoryCursor(MemorySet& set, uint64_t first, uint64_t count) : set_(set), next_(first), end_(first + count) {}
  Status next(SeriesBatch* out) noexcept override;
  void release() noexcept override { delete this; }

 private:
  MemorySet& set_;
  uint64_t next_, end_;
  std::deque<SeriesColumns> columns_;
  std::vector<const SeriesSamples*> batch_;
};

class MemorySet final : public SeriesSet {
 public:
  MemorySet(int64_t start_ms, int64_t end_ms) : start_ms_(start_ms), end_ms_(end_ms) {}

  void add(const Labels& labels, const std::vector<Sample>& samples) {
    std::vector<LabelRef>& refs = labels_.emplace_back();
    for (const LabelPair& pair : labels.view()) refs.push_back({intern(view(pair.name)), intern(view(pair.value))});
    samples_.push_back(samples);
  }

  uint64_t size() noexcept override { return samples_.size(); }
  View<Str> symbols() noexcept override { return view_of(symbols_); }
  View<LabelRef> labels(uint64_t i) noexcept override { return view_of(labels_[i]); }
  Status open(uint64_t first, uint64_t count, SeriesCursor** out) noexcept override {
    *out = new MemoryCursor(*this, first, count);
    return kOkStatus;
  }
  View<Str> warnings() noexcept override { return {nullptr, 0}; }
  void release() noexcept override { delete this; }

  const std::vector<Sample>& samples(uint64_t i) const { return samples_[i]; }
  int64_t start_ms() const { return start_ms_; }
  int64_t end_ms() const { return end_ms_; }

 private:
  uint32_t intern(std::string_view text) {
    auto [found, added] = symbol_of_.emplace(text, static_cast<uint32_t>(symbols_.size()));
    if (added) symbols_.push_back(str(found->first));
    return found->second;
  }

  int64_t start_ms_, end_ms_;
  std::unordered_map<std::string, uint32_t> symbol_of_;
  std::vector<Str> symbols_;
  std::deque<std::vector<LabelRef>> labels_;
  std::deque<std::vector<Sample>> samples_;  // Copies: a consistent view.
};

Status MemoryCursor::next(SeriesBatch* out) noexcept {
  columns_.clear();
  batch_.clear();
  for (; next_ < end_ && batch_.size() < kSeriesPerBatch; ++next_) {
    SeriesColumns& columns = columns_.emplace_back();
    columns.assign(next_, set_.samples(next_), set_.start_ms(), set_.end_ms());
    // Like a store that knows which series were scraped together.
    const auto alike = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const SeriesColumns& c) { return c.timestamps_ms == columns.timestamps_ms; });
    columns.samples.timestamps_id = static_cast<uint64_t>(alike - columns_.begin()) + 1;
    bool empty = columns.timestamps_ms.empty() && columns.histograms.empty();
    if (!empty) batch_.push_back(&columns.samples);
  }
  *out = SeriesBatch{sizeof(SeriesBatch), 0, view_of(batch_)};
  return kOkStatus;
}

bool matches(const Labels& labels, const std::vector<LabelMatcher>& matchers) {
  for (const LabelMatcher& matcher : matchers) {
    if (!matcher.matches(labels[matcher.name()])) return false;
  }
  return true;
}

bool has_sample(const std::vector<Sample>& samples, int64_t start_ms, int64_t end_ms) {
  for (const Sample& sample : samples) {
    if (sample.timestamp_ms >= start_ms && sample.timestamp_ms <= end_ms) return true;
  }
  return false;
}

Status send(const std::set<std::string>& texts, uint64_t limit, StringSink* out) {
  std::vector<Str> strs;
  for (const std::string& text : texts) {
    if (limit != 0 && strs.size() == limit) break;
    strs.push_back(str(text));
  }
  return out->add(view_of(strs));
}

// Prometheus' chunks tell that a counter went on without a reset; where one begins, nothing is known.
void decide_hint(const Sample& before, Sample& added) {
  if (!before.histogram || !added.histogram || before.histogram->is_stale() || added.histogram->is_stale()) return;
  const FloatHistogram& last = *before.histogram;
  FloatHistogram& next = *added.histogram;
  bool same_layout = last.schema == next.schema && last.zero_threshold == next.zero_threshold;
  if (next.reset_hint != ResetHint::kUnknown || last.reset_hint == ResetHint::kGauge || !same_layout) return;
  if (!next.detect_reset(last)) next.reset_hint = ResetHint::kNotReset;
}

bool same_value(const Sample& a, const Sample& b) {
  if (a.histogram.has_value() != b.histogram.has_value()) return false;
  if (a.histogram) return a.histogram->equals(*b.histogram);
  return std::bit_cast<uint64_t>(a.value) == std::bit_cast<uint64_t>(b.value);
}

}  // namespace

Result<void> MemoryStorage::append(const Labels& labels, const Sample& sample) {
  std::vector<Sample>& samples = series_[labels];
  if (!samples.empty() && samples.back().timestamp_ms >= sample.timestamp_ms) {
    if (samples.back().timestamp_ms == sample.timestamp_ms && same_value(samples.back(), sample)) return {};
    return Error{Code::kInvalidArgument, "out of order sample for " + format_labels(labels.view())};
  }
  samples.push_back(sample);
  if (samples.size() > 1) decide_hint(samples[samples.size() - 2], samples.back());
  ++generation_;
  return {};
}

Status MemoryStorage::select(const Select* select, SeriesSet** out) noexcept {
  return guard(host_, [&] {
    auto matchers = LabelMatcher::compile(select->matchers);
    if (!matchers.ok()) return host_->fail(matchers.error().code, str(matchers.error().message));
    auto set = std::make_unique<MemorySet>(select->start_ms, select->end_ms);
    for (const auto& [labels, samples] : series_) {
      if (select->limit != 0 && set->size() == select->limit) break;
      if (matches(labels, *matchers) && has_sample(samples, select->start_ms, select->end_ms))
        set->add(labels, samples);
    }
    *out = set.release();
    return kOkStatus;
  });
}

Status MemoryStorage::label_names(const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&] {
    auto matchers = LabelMatcher::compile(query->matchers);
    if (!matchers.ok()) return host_->fail(matchers.error().code, str(matchers.error().message));
    std::set<std::string> names;
    for (const auto& [labels, samples] : series_) {
      if (!matches(labels, *matchers) || !has_sample(samples, query->start_ms, query->end_ms)) continue;
      for (const LabelPair& pair : labels.view()) names.emplace(view(pair.name));
    }
    return send(names, query->limit, out);
  });
}

Status MemoryStorage::label_values(Str name, const LabelQuery* query, StringSink* out) noexcept {
  return guard(host_, [&] {
    auto matchers = LabelMatcher::compile(query->matchers);
    if (!matchers.ok()) return host_->fail(matchers.error().code, str(matchers.error().message));
    std::set<std::string> values;
    for (const auto& [labels, samples] : series_) {
      if (!matches(labels, *matchers) || !has_sample(samples, query->start_ms, query->end_ms)) continue;
      if (std::string_view value = labels[view(name)]; !value.empty()) values.emplace(value);
    }
    return send(values, query->limit, out);
  });
}

}  // namespace nightlight::test
