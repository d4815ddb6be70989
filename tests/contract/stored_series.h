// What a store answers, as plain values that tests compare; every answer is checked against what the contract says of
// its shape.
#ifndef NIGHTLIGHT_TESTS_CONTRACT_STORED_SERIES_H_
#define NIGHTLIGHT_TESTS_CONTRACT_STORED_SERIES_H_

#include <doctest/doctest.h>

#include <bit>
#include <deque>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fakes/write_batch.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"

namespace nightlight::contract {

// Of the default tenant, with all the time and memory there is.
inline constexpr CallContext kPatientCaller{sizeof(CallContext), 0, {nullptr, 0}, INT64_MAX, UINT64_MAX, nullptr};

struct StoredSample {
  int64_t t;
  uint64_t bits;
  int64_t start = 0;
  bool operator==(const StoredSample&) const = default;
};

struct StoredSeries {
  fakes::Labels labels;
  std::vector<StoredSample> samples;
  std::vector<std::string> histograms;  // In words.

  // The value of a label; "" when there is none.
  std::string label(std::string_view name) const {
    for (const auto& [n, value] : labels)
      if (n == name) return value;
    return "";
  }
};

// A selection and what it points at.
class Selection {
 public:
  Selection() {
    select_.struct_size = sizeof select_;
    select_.flags = kSortedByLabels;
    select_.context = &kPatientCaller;
    select_.start_ms = INT64_MIN;
    select_.end_ms = INT64_MAX;
  }
  Selection(MatchOp op, std::string name, std::string value) : Selection() { where(op, name, value); }
  Selection& where(MatchOp op, std::string name, std::string value) {
    const std::string& n = texts_.emplace_back(std::move(name));
    const std::string& v = texts_.emplace_back(std::move(value));
    pointers_.push_back(&matchers_.emplace_back(Matcher{sizeof(Matcher), op, str(n), str(v)}));
    return *this;
  }
  Selection& range(int64_t start_ms, int64_t end_ms) {
    select_.start_ms = start_ms;
    select_.end_ms = end_ms;
    return *this;
  }
  Selection& context(const CallContext* context) {
    select_.context = context;
    return *this;
  }
  Selection& flags(uint32_t flags) {
    select_.flags = flags;
    return *this;
  }
  Selection& limit(uint64_t limit) {
    select_.limit = limit;
    return *this;
  }
  const Select* get() {
    select_.matchers = view_of(pointers_);
    return &select_;
  }
  LabelQuery labels() {
    get();
    return {sizeof(LabelQuery), 0, select_.context, select_.matchers, select_.start_ms, select_.end_ms, select_.limit};
  }

 private:
  Select select_{};
  std::deque<std::string> texts_;
  std::deque<Matcher> matchers_;
  std::vector<const Matcher*> pointers_;
};

// A histogram in words: everything but how its spans are cut, and the hints that follow from its neighbours.
inline std::string words(const Histogram& h) {
  std::ostringstream out;
  const bool is_float = (h.flags & kFloatHistogram) != 0;
  auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
  out << h.timestamp_ms << (is_float ? " float" : " integer") << (h.reset_hint == ResetHint::kGauge ? " gauge" : "")
      << " start " << h.start_timestamp_ms << " schema " << h.schema << std::hex << " zero " << bits(h.zero_threshold)
      << " sum " << bits(h.sum) << " count " << h.count_int << "|" << bits(h.count_float) << " in zero "
      << h.zero_count_int << "|" << bits(h.zero_count_float) << std::dec;
  auto side = [&](const char* name, View<BucketSpan> spans, View<int64_t> deltas, View<double> counts) {
    out << " " << name;
    int32_t index = 0;
    uint64_t n = 0;
    int64_t count = 0;
    for (const BucketSpan& span : spans) {
      index += span.offset;
      for (uint32_t i = 0; i < span.length; ++i, ++n, ++index) {
        REQUIRE(n < (is_float ? counts.size : deltas.size));
        if (!is_float) count += deltas[n];
        if (is_float && bits(counts[n]) != 0) out << " " << index << ":" << std::hex << bits(counts[n]) << std::dec;
        if (!is_float && count != 0) out << " " << index << ":" << count;
      }
    }
    CHECK(n == (is_float ? counts.size : deltas.size));
  };
  side("positive", h.positive_spans, h.positive_deltas, h.positive_counts);
  side("negative", h.negative_spans, h.negative_deltas, h.negative_counts);
  out << " bounds" << std::hex;
  for (double bound : h.custom_values) out << " " << bits(bound);
  return out.str();
}

inline StoredSeries stored(SeriesSet& set, const SeriesSamples& s, const Select& select) {
  StoredSeries out;
  CHECK(s.struct_size >= sizeof(SeriesSamples));
  View<Str> symbols = set.symbols();
  for (LabelRef l : set.labels(s.series)) {
    REQUIRE(l.name < symbols.size);
    REQUIRE(l.value < symbols.size);
    out.labels.emplace_back(view(symbols[l.name]), view(symbols[l.value]));
    CHECK(!out.labels.back().second.empty());
  }
  for (size_t i = 1; i < out.labels.size(); ++i) CHECK(out.labels[i - 1].first < out.labels[i].first);
  REQUIRE(s.values.size == s.timestamps_ms.size);
  bool parallel = s.start_timestamps_ms.empty() || s.start_timestamps_ms.size == s.timestamps_ms.size;
  REQUIRE(parallel);
  std::set<int64_t> times;
  for (uint64_t i = 0; i < s.timestamps_ms.size; ++i) {
    const int64_t t = s.timestamps_ms[i];
    if (i > 0) CHECK(s.timestamps_ms[i - 1] < t);
    times.insert(t);
    out.samples.push_back(
        {t, std::bit_cast<uint64_t>(s.values[i]), s.start_timestamps_ms.empty() ? 0 : s.start_timestamps_ms[i]});
  }
  for (uint64_t i = 0; i < s.histograms.size; ++i) {
    const Histogram& h = *s.histograms[i];
    CHECK(h.struct_size >= sizeof(Histogram));
    if (i > 0) CHECK(s.histograms[i - 1]->timestamp_ms < h.timestamp_ms);
    CHECK_MESSAGE(times.insert(h.timestamp_ms).second, "a float and a histogram at one time");
    out.histograms.push_back(words(h));
  }
  REQUIRE(!times.empty());
  CHECK(*times.begin() >= select.start_ms);
  CHECK(*times.rbegin() <= select.end_ms);
  return out;
}

// Reads [first, first + count) of a set to its end, in the order of the set.
inline std::vector<StoredSeries> read(SeriesSet& set, uint64_t first, uint64_t count, const Select& select) {
  SeriesCursor* opened = nullptr;
  REQUIRE(set.open(first, count, &opened).ok());
  Owned<SeriesCursor> cursor(opened);
  std::vector<StoredSeries> out;
  uint64_t next = first;
  for (SeriesBatch batch{};;) {
    batch = {};
    batch.struct_size = sizeof batch;
    REQUIRE(cursor->next(&batch).ok());
    if (batch.series.empty()) return out;
    std::map<uint64_t, const SeriesSamples*> shared;
    for (const SeriesSamples* s : batch.series) {
      REQUIRE(s->series >= next);
      REQUIRE(s->series < first + count);
      next = s->series + 1;
      out.push_back(stored(set, *s, select));
      if (s->timestamps_id == 0) continue;
      auto [at, is_first] = shared.emplace(s->timestamps_id, s);
      View<int64_t> a = at->second->timestamps_ms, b = s->timestamps_ms;
      if (!is_first) CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    }
  }
}

inline Owned<SeriesSet> open(Storage& storage, Selection& selection) {
  SeriesSet* set = nullptr;
  REQUIRE(storage.select(selection.get(), &set).ok());
  REQUIRE(set != nullptr);
  for (Str warning : set->warnings()) FAIL_CHECK(std::string(view(warning)));
  return Owned<SeriesSet>(set);
}

inline std::vector<StoredSeries> read(Storage& storage, Selection selection) {
  Owned<SeriesSet> set = open(storage, selection);
  return read(*set, 0, set->size(), *selection.get());
}

// Everything of a store, by the label "s".
inline std::map<std::string, StoredSeries> read_all(Storage& storage) {
  std::map<std::string, StoredSeries> out;
  for (StoredSeries& series : read(storage, Selection())) {
    const std::string name = series.label("s");
    CHECK_MESSAGE(out.emplace(name, std::move(series)).second, "two series of one name: " << name);
  }
  return out;
}

// The samples of one of them.
inline std::vector<StoredSample> samples_of(Storage& storage, const std::string& name) {
  return read_all(storage)[name].samples;
}

inline StoredSample sample(int64_t t, double value, int64_t start = 0) {
  return {t, std::bit_cast<uint64_t>(value), start};
}

}  // namespace nightlight::contract

#endif  // NIGHTLIGHT_TESTS_CONTRACT_STORED_SERIES_H_
