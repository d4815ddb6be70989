// What the contract asks of a store, ours or a stranger's, about samples: every bit comes back, the rules of order
// hold, and what was refused is told and not there.
#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "contract/store_under_test.h"

namespace nightlight::contract {
namespace {

using fakes::BatchBuilder;

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond;
constexpr int64_t kBegin = 1'700'000'000'000 - 30 * kMinute;  // The host's clock says half an hour later.

BatchBuilder::Point bits(int64_t t, uint64_t value) { return {t, std::bit_cast<double>(value)}; }

// Values of all kinds, by name.
std::map<std::string, std::vector<uint64_t>> value_columns() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::map<std::string, std::vector<uint64_t>> out;
  auto& odd = out["odd"];
  for (double v : {0.0, -0.0, 1.0, -1.0, 0.1, 1e-300, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
                   -1.7976931348623157e308, kInfinity, -kInfinity, 9007199254740993.0, 1e17 / 3})
    odd.push_back(std::bit_cast<uint64_t>(v));
  // Quiet and signalling, both signs, with and without payload; the stale marker among ordinary values and twice.
  for (uint64_t v : {0x7ff8000000000000u, 0x7ff8000000000001u, 0xfff8000000000000u, 0x7ff0000000000001u,
                     0x7ff4dead00c0ffeeu, 0xfff00000deadbeefu, 0xffffffffffffffffu, 0x7fffffffffffffffu})
    odd.push_back(v), odd.push_back(std::bit_cast<uint64_t>(1.5));
  odd.insert(odd.end(), {kStaleNaNBits, kStaleNaNBits, std::bit_cast<uint64_t>(2.5), kStaleNaNBits});
  std::mt19937_64 random(7);
  for (int i = 0; i < 700; ++i) {
    out["random"].push_back(random());
    out["counter"].push_back(std::bit_cast<uint64_t>(1e9 + i * (i % 7)));
    out["decimal"].push_back(
        std::bit_cast<uint64_t>(static_cast<double>(static_cast<int>(random() % 2000) - 1000) / 100));
    out["constant"].push_back(std::bit_cast<uint64_t>(42.0));
    out["zeros of both signs"].push_back(std::bit_cast<uint64_t>(random() % 2 == 0 ? 0.0 : -0.0));
    out["with gaps"].push_back(random() % 5 == 0 ? kStaleNaNBits : std::bit_cast<uint64_t>(i / 8.0));
  }
  return out;
}

TEST_CASE("every bit of a float comes back, before a restart and after it") {
  for_each_store([](StoreUnderTest& store) {
    const auto columns = value_columns();
    std::map<std::string, std::vector<StoredSample>> expected;
    for (size_t from = 0; from < 700; from += 50) {  // A request has some samples of each series.
      BatchBuilder builder;
      for (const auto& [name, values] : columns) {
        std::vector<BatchBuilder::Point> points;
        for (size_t i = from; i < std::min(from + 50, values.size()); ++i) {
          const auto irregular_ms = static_cast<int64_t>(name == "random" ? values[i] % 900 : 0);
          points.push_back(bits(kBegin + static_cast<int64_t>(i) * kSecond + irregular_ms, values[i]));
          expected[name].push_back({points.back().t, values[i]});
        }
        if (!points.empty()) builder.series({{"__name__", "m"}, {"s", name}}, points);
      }
      store.write(builder);
    }
    for (int life = 0; life < 2; ++life) {
      CAPTURE(life);
      auto there = read_all(store.storage());
      CHECK(there.size() == columns.size());
      for (const auto& series : expected) {
        const bool same = there[series.first].samples == series.second && there[series.first].histograms.empty();
        CHECK_MESSAGE(same, series.first);
      }
      store.restart();
    }
  });
}

// Integer, float and custom-bucket histograms, markers between them. `begin` is the time of the first.
class Histograms {
 public:
  explicit Histograms(int64_t begin_ms) {
    Histogram& whole = add(begin_ms);
    whole.schema = 3, whole.count_int = 18, whole.zero_count_int = 2, whole.zero_threshold = 1e-128, whole.sum = -7.25;
    whole.positive_spans = view_of(kSpans), whole.positive_deltas = view_of(kDeltas);
    whole.negative_spans = view_of(kOneSpan), whole.negative_deltas = view_of(kNegativeDeltas);
    Histogram& more = add(begin_ms + kMinute);
    more = whole;
    more.timestamp_ms = begin_ms + kMinute, more.start_timestamp_ms = begin_ms - kMinute, more.count_int = 19;
    more.zero_count_int = 3;
    Histogram& empty = add(begin_ms + 2 * kMinute);
    empty.schema = -4;
    Histogram& stale = add(begin_ms + 3 * kMinute);
    stale.sum = std::bit_cast<double>(kStaleNaNBits);
    Histogram& fractions = add(begin_ms + 4 * kMinute);
    fractions.flags = kFloatHistogram, fractions.schema = 8, fractions.reset_hint = ResetHint::kGauge;
    fractions.count_float = 0.1 + 0.2, fractions.zero_count_float = 5e-324, fractions.sum = -0.0;
    fractions.positive_spans = view_of(kSpans), fractions.positive_counts = view_of(kCounts);
    fractions.negative_spans = view_of(kOneSpan), fractions.negative_counts = view_of(kNegativeCounts);
    Histogram& unknown_sum = add(begin_ms + 5 * kMinute);
    unknown_sum = fractions;
    unknown_sum.timestamp_ms = begin_ms + 5 * kMinute, unknown_sum.reset_hint = ResetHint::kUnknown;
    unknown_sum.sum = std::bit_cast<double>(uint64_t{0x7ff8000000000bad});
    Histogram& custom = add(begin_ms + 6 * kMinute);
    custom.schema = kCustomBucketsSchema, custom.count_int = 10, custom.sum = 12.5;
    custom.positive_spans = view_of(kCustomSpans), custom.positive_deltas = view_of(kCustomDeltas);
    custom.custom_values = view_of(kBounds);
    Histogram& custom_float = add(begin_ms + 7 * kMinute);
    custom_float.flags = kFloatHistogram, custom_float.schema = kCustomBucketsSchema, custom_float.count_float = 1.75;
    custom_float.positive_spans = view_of(kCustomSpans), custom_float.positive_counts = view_of(kCustomCounts);
    custom_float.custom_values = view_of(kBounds);
  }
  std::vector<Histogram> all() const { return {all_.begin(), all_.end()}; }
  std::vector<std::string> in_words() const {
    std::vector<std::string> out;
    for (const Histogram& h : all_) out.push_back(words(h));
    return out;
  }

 private:
  Histogram& add(int64_t t) {
    Histogram& h = all_.emplace_back();
    h.struct_size = sizeof h;
    h.timestamp_ms = t;
    return h;
  }
  static constexpr BucketSpan kSpans[] = {{-3, 2}, {4, 3}}, kOneSpan[] = {{100, 2}}, kCustomSpans[] = {{0, 1}, {1, 2}};
  static constexpr int64_t kDeltas[] = {1, 2, -3, 5, -1}, kNegativeDeltas[] = {1, 1}, kCustomDeltas[] = {2, 1, 2};
  static constexpr double kCounts[] = {0.25, 1e-9, 3, 0, 1e15}, kNegativeCounts[] = {0.1, 0.7},
                          kCustomCounts[] = {0.5, 0.25, 1}, kBounds[] = {-1.5, 0.1, 2, 1e9};
  std::deque<Histogram> all_;
};

TEST_CASE(
    "histograms come back: integers and floats, exponential and custom buckets, markers, before and after a restart") {
  for_each_store([](StoreUnderTest& store) {
    Histograms histograms(kBegin);
    BatchBuilder together, first, mixed;
    together.series({{"__name__", "m"}, {"s", "all"}}, {}, histograms.all());
    store.write(together);
    for (const Histogram& h : histograms.all()) {
      BatchBuilder one;
      one.series({{"__name__", "m"}, {"s", "one by one"}}, {}, {h});
      store.write(one);
    }
    // Floats, then histograms, then floats.
    first.series({{"__name__", "m"}, {"s", "mixed"}}, {{kBegin - kMinute, 1.0}});
    mixed.series({{"__name__", "m"}, {"s", "mixed"}}, {}, histograms.all());
    store.write(first);
    store.write(mixed);
    store.write("mixed", {{kBegin + 20 * kMinute, 2.0}});
    for (int life = 0; life < 2; ++life) {
      CAPTURE(life);
      auto there = read_all(store.storage());
      for (const char* name : {"all", "one by one", "mixed"}) {
        CAPTURE(name);
        CHECK(there[name].histograms == histograms.in_words());
      }
      CHECK(there["all"].samples.empty());
      CHECK(there["mixed"].samples ==
            std::vector<StoredSample>{sample(kBegin - kMinute, 1), sample(kBegin + 20 * kMinute, 2)});
      store.restart();
    }
  });
}

TEST_CASE("start timestamps stay with their samples, known and unknown") {
  for_each_store([](StoreUnderTest& store) {
    std::vector<BatchBuilder::Point> points;
    std::vector<StoredSample> expected, without;
    for (int i = 0; i < 300; ++i) {
      const int64_t t = kBegin + i * kSecond;
      const int64_t start = i < 100 ? 0 : i < 200 ? kBegin - 7 : i % 3 == 0 ? 0 : t - i;
      points.push_back({t, i * 1.0, start});
      expected.push_back(sample(t, i, start));
      without.push_back(sample(t, i));
    }
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "with"}}, points);
    for (auto& p : points) p.start = 0;
    builder.series({{"__name__", "m"}, {"s", "without"}}, points);
    store.write(builder);
    for (int life = 0; life < 2; ++life) {
      auto there = read_all(store.storage());
      bool same = there["with"].samples == expected && there["without"].samples == without;
      CHECK_MESSAGE(same, "life " << life);
      store.restart();
    }
  });
}

TEST_CASE("a batch may leave out references, keys, starts and histograms, and may have no series at all") {
  for_each_store([](StoreUnderTest& store) {
    constexpr LabelPair kLabels[] = {{str("__name__"), str("m")}, {str("s"), str("a")}};
    constexpr uint32_t kLabelEnds[] = {2}, kSampleEnds[] = {1};
    constexpr int64_t kTimes[] = {kBegin};
    constexpr double kValues[] = {3};
    WriteBatch batch{};
    batch.struct_size = sizeof batch;
    Written nothing = store.append(batch);
    CHECK(nothing.status.ok());
    CHECK(nothing.result.samples_written == 0);
    batch.series_count = 1;
    batch.labels = view_of(kLabels), batch.label_ends = view_of(kLabelEnds), batch.sample_ends = view_of(kSampleEnds);
    batch.timestamps_ms = view_of(kTimes), batch.values = view_of(kValues);
    Written one = store.append(batch);
    CHECK(one.status.ok());
    CHECK(one.result.samples_written == 1);
    CHECK(one.result.rejected == 0);
    CHECK(samples_of(store.storage(), "a") == std::vector<StoredSample>{sample(kBegin, 3)});
  });
}

TEST_CASE("a key names its series: what resolve answers stands for the labels") {
  for_each_store([](StoreUnderTest& store) {
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 1.0}});
    builder.series({{"__name__", "m"}, {"s", "b"}}, {{kBegin, 2.0}});
    const WriteBatch first = builder.batch();
    REQUIRE(store.append(first).result.samples_written == 2);
    const Str keys[] = {first.keys[1], str("\x80 a key of nobody"), first.keys[0], str("")};
    uint64_t refs[] = {7, 7, 7, 7};
    REQUIRE(store.sink().resolve(&kPatientCaller, view_of(keys), refs).ok());
    CHECK(refs[1] == 0);
    CHECK(refs[3] == 0);
    const bool both_or_none = (refs[0] == 0) == (refs[2] == 0);
    CHECK(both_or_none);
    if (refs[0] == 0) return;  // A sink that keeps no table.
    CHECK(refs[0] != refs[2]);
    BatchBuilder again;
    again.series({}, {{kBegin + kSecond, 3.0}}, {}, refs[0]);
    again.series({}, {{kBegin + kSecond, 4.0}}, {}, refs[2]);
    again.series({{"__name__", "m"}, {"s", "c"}}, {{kBegin + kSecond, 5.0}});
    store.write(again);
    auto there = read_all(store.storage());
    CHECK(there["a"].samples == std::vector<StoredSample>{sample(kBegin, 1), sample(kBegin + kSecond, 4)});
    CHECK(there["b"].samples == std::vector<StoredSample>{sample(kBegin, 2), sample(kBegin + kSecond, 3)});
    CHECK(there["c"].samples == std::vector<StoredSample>{sample(kBegin + kSecond, 5)});
  });
}

TEST_CASE("a repeated sample counts as written, another value at its time is a duplicate, and the first stays") {
  for_each_store([](StoreUnderTest& store) {
    Histograms histograms(kBegin);
    auto append = [&](std::vector<BatchBuilder::Point> points, std::vector<Histogram> of_h = {}) {
      BatchBuilder builder;
      if (!points.empty()) builder.series({{"__name__", "m"}, {"s", "a"}}, std::move(points));
      if (!of_h.empty()) builder.series({{"__name__", "m"}, {"s", "h"}}, {}, std::move(of_h));
      Written written = store.append(builder.batch());
      REQUIRE(written.status.ok());
      return written;
    };
    Histogram one = histograms.all()[0], other = one, moment = one;
    other.sum = 1;
    REQUIRE(append({{kBegin, 1.0}}, {one}).result.rejected == 0);
    Written repeated = append({{kBegin, 1.0}}, {one});
    CHECK(repeated.result.samples_written == 1);
    CHECK(repeated.result.histograms_written == 1);
    CHECK(repeated.result.rejected == 0);
    Written different = append({{kBegin, 2.0}}, {other});
    CHECK(different.result.samples_written + different.result.histograms_written == 0);
    REQUIRE(different.rejected.size() == 2);
    for (uint64_t i = 0; i < 2; ++i) {
      CHECK(different.rejected[i].series == i);
      CHECK(different.rejected[i].reason == RejectReason::kDuplicate);
    }
    // A float where a histogram is, and the other way round.
    BatchBuilder crossed;
    moment.timestamp_ms = kBegin;
    crossed.series({{"__name__", "m"}, {"s", "a"}}, {}, {moment});
    crossed.series({{"__name__", "m"}, {"s", "h"}}, {{kBegin, 1.0}});
    CHECK(store.append(crossed.batch()).result.rejected == 2);
    auto there = read_all(store.storage());
    CHECK(there["a"].samples == std::vector<StoredSample>{sample(kBegin, 1)});
    CHECK(there["h"].histograms == std::vector<std::string>{words(one)});
    CHECK(there["a"].histograms.size() + there["h"].samples.size() == 0);
  });
}

TEST_CASE("late samples are taken up to the window's edge and refused beyond it, or all refused without one") {
  for_each_store([](StoreUnderTest& store) {
    const int64_t window = out_of_order_window_ms(), newest = kBegin + 20 * kMinute;
    store.write("a", {{newest - window - 10 * kSecond, 1.0}, {newest, 2.0}});
    std::vector<StoredSample> expected = {sample(newest - window - 10 * kSecond, 1), sample(newest, 2)};
    auto late = [&](int64_t t, double value) {
      BatchBuilder builder;
      builder.series({{"__name__", "m"}, {"s", "a"}}, {{t, value}});
      Written written = store.append(builder.batch());
      REQUIRE(written.status.ok());
      CHECK(written.result.samples_written + written.result.rejected == 1);
      return written;
    };
    if (window == 0) {
      for (int64_t t : {newest - 1, newest - 5 * kSecond}) {
        Written refused = late(t, 9);
        REQUIRE(refused.rejected.size() == 1);
        CHECK(refused.rejected[0].reason == RejectReason::kOutOfOrder);
      }
    } else {
      for (int64_t t : {newest - 1, newest - window / 2, newest - window}) {
        CHECK(late(t, 7).result.rejected == 0);
        expected.push_back(sample(t, 7));
      }
      // Once more, with another value: what came first stays.
      (void)late(newest - window / 2, 8);
      for (int64_t t : {newest - window - 1, newest - window - 20 * kSecond}) {
        Written refused = late(t, 9);
        REQUIRE(refused.rejected.size() == 1);
        CHECK(refused.rejected[0].reason == RejectReason::kTooOld);
      }
    }
    std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.t < b.t; });
    for (int life = 0; life < 2; ++life) {
      CAPTURE(life);
      CHECK(samples_of(store.storage(), "a") == expected);
      store.restart();
    }
  });
}

TEST_CASE("late floats and histograms at one time leave one of them") {
  if (out_of_order_window_ms() == 0) return;
  for_each_store([](StoreUnderTest& store) {
    Histograms histograms(kBegin);
    std::vector<Histogram> all = histograms.all();
    BatchBuilder in_order, late_floats, late_histogram;
    in_order.series({{"__name__", "m"}, {"s", "a"}}, {}, {all[0], all[1]});
    in_order.series({{"__name__", "m"}, {"s", "b"}}, {{kBegin, 1.0}, {kBegin + kMinute, 2.0}});
    store.write(in_order);
    late_floats.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 5.0}});
    late_histogram.series({{"__name__", "m"}, {"s", "b"}}, {}, {all[0]});
    CHECK(store.append(late_floats.batch()).status.ok());
    CHECK(store.append(late_histogram.batch()).status.ok());
    // Which of them is the store's choice, once and for all. (That there are not both, every read checks.)
    std::map<std::string, StoredSeries> before = read_all(store.storage());
    store.restart();
    std::map<std::string, StoredSeries> after = read_all(store.storage());
    for (const char* name : {"a", "b"}) {
      CAPTURE(name);
      CHECK(before[name].samples.size() + before[name].histograms.size() == 2);
      CHECK(before[name].samples == after[name].samples);
      CHECK(before[name].histograms == after[name].histograms);
    }
  });
}

TEST_CASE("what is refused is counted, told in the batch's order with its series, and the rest is stored") {
  for_each_store([](StoreUnderTest& store) {
    Histogram broken = Histograms(kBegin).all()[0];
    broken.count_int = 1;  // Fewer than its buckets have.
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "good"}}, {{kBegin, 1.0}});
    builder.series({{"__name__", "m"}, {"s", "bad"}, {"s", "twice"}}, {{kBegin, 1.0}, {kBegin + 1, 2.0}});
    builder.series({{"__name__", "m"}, {"s", "repeats itself"}}, {{kBegin, 1.0}, {kBegin, 2.0}, {kBegin + 1, 3.0}});
    builder.series({{"__name__", "m"}, {"s", "broken"}}, {}, {broken});
    builder.series({{"a", "unsorted"}, {"__name__", "m"}}, {{kBegin, 1.0}});
    builder.series({{"__name__", "m"}, {"s", ""}}, {{kBegin, 1.0}});
    builder.series({{"__name__", "m"}, {"s", "last"}}, {{kBegin, 4.0}});
    Written written = store.append(builder.batch());
    REQUIRE(written.status.ok());
    CHECK(written.result.samples_written == 4);
    CHECK(written.result.histograms_written == 0);
    std::vector<std::pair<uint64_t, RejectReason>> told;
    for (const auto& one : written.rejected) told.emplace_back(one.series, one.reason);
    CHECK(told == std::vector<std::pair<uint64_t, RejectReason>>{{1, RejectReason::kInvalidLabels},
                                                                 {1, RejectReason::kInvalidLabels},
                                                                 {2, RejectReason::kDuplicate},
                                                                 {3, RejectReason::kInvalidHistogram},
                                                                 {4, RejectReason::kInvalidLabels},
                                                                 {5, RejectReason::kInvalidLabels}});
    auto there = read_all(store.storage());
    CHECK(there.size() == 3);
    CHECK(there["good"].samples == std::vector<StoredSample>{sample(kBegin, 1)});
    CHECK(there["repeats itself"].samples == std::vector<StoredSample>{sample(kBegin, 1), sample(kBegin + 1, 3)});
    CHECK(there["last"].samples == std::vector<StoredSample>{sample(kBegin, 4)});
  });
}

TEST_CASE("all or nothing: one refused sample keeps the rest of its batch out, now and after a restart") {
  for_each_store([](StoreUnderTest& store) {
    store.write("a", {{kBegin, 1.0}});
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "new"}}, {{kBegin, 5.0}}, Histograms(kBegin + kMinute).all());
    builder.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 2.0}});
    builder.series({{"__name__", "m"}, {"s", "b"}}, {{kBegin, 6.0}});
    Written written = store.append(builder.batch(kAllOrNothing));
    REQUIRE(written.status.ok());
    CHECK(written.result.samples_written + written.result.histograms_written == 0);
    CHECK(written.result.rejected == 1);
    for (int life = 0; life < 2; ++life) {
      auto there = read_all(store.storage());
      CHECK(there.size() == 1);
      CHECK(there["a"].samples == std::vector<StoredSample>{sample(kBegin, 1)});
      store.restart();
    }
    BatchBuilder fine;
    fine.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin + kSecond, 2.0}});
    fine.series({{"__name__", "m"}, {"s", "b"}}, {{kBegin + kSecond, 6.0}});
    CHECK(store.append(fine.batch(kAllOrNothing)).result.samples_written == 2);
    CHECK(read_all(store.storage()).size() == 2);
  });
}

TEST_CASE("times at the ends of the world are stored or refused as out of bounds, never something else") {
  for (int64_t t : {INT64_MIN, INT64_MIN + 1, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{4'102'444'800'000},
                    INT64_MAX - 1, INT64_MAX}) {
    CAPTURE(t);
    for_each_store([t](StoreUnderTest& store) {
      BatchBuilder builder;
      builder.series({{"__name__", "m"}, {"s", "a"}}, {{t, 1.0}});
      Written written = store.append(builder.batch());
      REQUIRE(written.status.ok());
      REQUIRE(written.result.samples_written + written.result.rejected == 1);
      for (const auto& one : written.rejected) CHECK(one.reason == RejectReason::kOutOfBounds);
      for (int life = 0; life < 2; ++life) {
        CHECK(samples_of(store.storage(), "a") ==
              (written.result.rejected == 0 ? std::vector<StoredSample>{sample(t, 1)} : std::vector<StoredSample>{}));
        store.restart();
      }
    });
  }
}

}  // namespace
}  // namespace nightlight::contract
