// What the contract asks of a store, ours or a stranger's, about selections: which series and samples, in which order,
// at whose cost.
#include <doctest/doctest.h>

#include "contract/store_under_test.h"
#include "fakes/collectors.h"

namespace nightlight::contract {
namespace {

using fakes::BatchBuilder;
using fakes::Labels;
using fakes::Strings;

constexpr int64_t kSecond = 1000;
constexpr int64_t kBegin = 1'700'000'000'000 - 600 * kSecond;
using Names = std::vector<std::string>;

// Ten samples of each of six series that have their name in the label "s".
void fill(StoreUnderTest& store) {
  const Labels kSeries[] = {
      {{"__name__", "up"}, {"job", "api"}, {"s", "1"}},
      {{"__name__", "up"}, {"job", "apis"}, {"s", "2"}, {"zone", "b"}},
      {{"__name__", "up"}, {"s", "3"}, {"zone", "a"}},
      {{"__name__", "down"}, {"job", "api"}, {"s", "4"}, {"zone", "two\nlines"}},
      {{"__name__", "down"}, {"job", "\xc3\xa9\xe2\x82\xac"}, {"s", "5"}},
      {{"job", "api"}, {"s", "6"}},
  };
  BatchBuilder builder;
  for (const Labels& labels : kSeries) {
    std::vector<BatchBuilder::Point> points;
    for (int i = 0; i < 10; ++i) points.push_back({kBegin + i * kSecond, i * 1.0});
    builder.series(labels, points);
  }
  store.write(builder);
}

Names names(StoreUnderTest& store, Selection selection) {
  Names out;
  for (const StoredSeries& s : read(store.storage(), selection)) out.push_back(s.label("s"));
  std::sort(out.begin(), out.end());
  return out;
}

TEST_CASE("matchers of all four kinds, of labels that a series has and that it lacks") {
  constexpr MatchOp kIs = MatchOp::kEqual, kIsNot = MatchOp::kNotEqual, kLike = MatchOp::kRegex,
                    kUnlike = MatchOp::kNotRegex;
  const struct {
    MatchOp op;
    std::string name, value;
    Names expected;
  } kCases[] = {
      {kIs, "job", "api", {"1", "4", "6"}},
      {kIs, "job", "ap", {}},
      {kIs, "job", "", {"3"}},
      {kIs, "nobody", "", {"1", "2", "3", "4", "5", "6"}},
      {kIs, "nobody", "x", {}},
      {kIs, "job", "\xc3\xa9\xe2\x82\xac", {"5"}},
      {kIs, "__name__", "", {"6"}},
      {kIsNot, "job", "api", {"2", "3", "5"}},
      {kIsNot, "job", "", {"1", "2", "4", "5", "6"}},
      {kIsNot, "nobody", "", {}},
      {kIsNot, "nobody", "x", {"1", "2", "3", "4", "5", "6"}},
      {kLike, "job", "api", {"1", "4", "6"}},  // Anchored at both ends.
      {kLike, "job", "api.*", {"1", "2", "4", "6"}},
      {kLike, "job", "a|apis|pi", {"2"}},
      {kLike, "job", "API", {}},
      {kLike, "job", "(?i)API", {"1", "4", "6"}},
      {kLike, "job", "..", {"5"}},  // Characters, not bytes.
      {kLike, "job", "api|", {"1", "3", "4", "6"}},
      {kLike, "job", ".*", {"1", "2", "3", "4", "5", "6"}},
      {kLike, "job", ".+", {"1", "2", "4", "5", "6"}},
      {kLike, "job", "", {"3"}},
      {kLike, "zone", "two.lines", {"4"}},  // A dot is a new line, too.
      {kLike, "zone", "a|b", {"2", "3"}},
      {kUnlike, "job", "api", {"2", "3", "5"}},
      {kUnlike, "job", "api.*", {"3", "5"}},
      {kUnlike, "job", ".+", {"3"}},
      {kUnlike, "job", ".*", {}},
      {kUnlike, "job", "", {"1", "2", "4", "5", "6"}},
      {kUnlike, "nobody", "x", {"1", "2", "3", "4", "5", "6"}},
  };
  for_each_store([&](StoreUnderTest& store) {
    fill(store);
    for (int life = 0; life < 2; ++life) {
      for (const auto& c : kCases) {
        CAPTURE(life);
        CAPTURE(c.name);
        CAPTURE(c.value);
        CAPTURE(static_cast<int>(c.op));
        CHECK(names(store, Selection(c.op, c.name, c.value)) == c.expected);
      }
      CHECK(names(store, Selection()) == Names{"1", "2", "3", "4", "5", "6"});
      // All must hold.
      CHECK(names(store, Selection(kIs, "__name__", "up").where(kLike, "job", "api.*")) == Names{"1", "2"});
      CHECK(names(store, Selection(kIsNot, "job", "").where(kUnlike, "job", "api.*")) == Names{"5"});
      CHECK(names(store, Selection(kIs, "job", "api").where(kIs, "job", "apis")) == Names{});
      CHECK(names(store, Selection(kIsNot, "s", "1").where(kIsNot, "s", "2").where(kIs, "zone", "")) ==
            Names{"5", "6"});
      store.restart();
    }
  });
}

TEST_CASE("a regular expression that is none is an invalid argument") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    for (MatchOp op : {MatchOp::kRegex, MatchOp::kNotRegex}) {
      Selection selection(op, "job", "a(");
      SeriesSet* set = nullptr;
      CHECK(store.storage().select(selection.get(), &set).code == Code::kInvalidArgument);
      CHECK(store.host.last_error().size > 0);
      LabelQuery query = selection.labels();
      Strings out;
      CHECK(store.storage().label_names(&query, &out).code == Code::kInvalidArgument);
      CHECK(store.storage().label_values(str("job"), &query, &out).code == Code::kInvalidArgument);
      CHECK(out.all.empty());
    }
  });
}

TEST_CASE("both ends of a range belong to it, for floats and histograms") {
  for_each_store([](StoreUnderTest& store) {
    BatchBuilder builder;
    std::vector<BatchBuilder::Point> points;
    std::vector<Histogram> histograms;
    for (int i = 0; i < 300; ++i) {
      points.push_back({kBegin + i * kSecond, i * 1.0});
      Histogram& h = histograms.emplace_back();
      h.struct_size = sizeof h;
      h.timestamp_ms = kBegin + i * kSecond;
      h.sum = i;
    }
    builder.series({{"__name__", "m"}, {"s", "float"}}, points);
    builder.series({{"__name__", "m"}, {"s", "histogram"}}, {}, histograms);
    store.write(builder);
    for (int life = 0; life < 2; ++life) {
      CAPTURE(life);
      auto counts = [&](int64_t start_ms, int64_t end_ms) {
        std::map<std::string, size_t> out{{"float", 0}, {"histogram", 0}};
        for (const StoredSeries& s : read(store.storage(), Selection().range(start_ms, end_ms)))
          out[s.label("s")] = s.samples.size() + s.histograms.size();
        CHECK(out["float"] == out["histogram"]);
        return out["float"];
      };
      auto at = [](int second) { return kBegin + second * kSecond; };
      CHECK(counts(at(100), at(200)) == 101);
      CHECK(counts(at(100) + 1, at(200)) == 100);
      CHECK(counts(at(100), at(200) - 1) == 100);
      CHECK(counts(at(100) - 1, at(200) + 1) == 101);
      CHECK(counts(at(7), at(7)) == 1);
      CHECK(counts(at(7) + 1, at(8) - 1) == 0);
      CHECK(counts(INT64_MIN, at(0)) == 1);
      CHECK(counts(INT64_MIN, at(0) - 1) == 0);
      CHECK(counts(at(299), INT64_MAX) == 1);
      CHECK(counts(at(299) + 1, INT64_MAX) == 0);
      CHECK(counts(at(200), at(100)) == 0);
      CHECK(counts(INT64_MIN, INT64_MAX) == 300);
      store.restart();
    }
  });
}

TEST_CASE("sorted series are in the order of their label sets, byte by byte, also where memory and disk meet") {
  // Ascending: bytes are unsigned, a label set comes before its extensions, names count before values.
  const std::vector<Labels> kAscending = {
      {{"A", "z"}, {"s", "0"}},
      {{"__name__", "a"}, {"s", "1"}},
      {{"__name__", "a"}, {"s", "1"}, {"t", "1"}},
      {{"__name__", "a"}, {"s", "10"}},
      {{"__name__", "a"}, {"s", "2"}},
      {{"__name__", "a"}, {"s", "\x7f"}},
      {{"__name__", "a"}, {"s", "\xc3\xa9"}},
      {{"__name__", "a"}, {"t", "0"}},
      {{"__name__", "a-"}, {"s", "0"}},
      {{"a", "a"}, {"s", "0"}},
      {{"a", "a"}, {"s", "1"}, {"t", "0"}},
      {{"aa", "a"}},
  };
  for_each_store([&](StoreUnderTest& store) {
    auto write = [&](size_t step, int64_t t) {
      for (size_t i = 0; i < kAscending.size(); ++i) {  // One by one, in another order.
        BatchBuilder builder;
        builder.series(kAscending[i * step % kAscending.size()], {{t, 1.0}});
        store.write(builder);
      }
    };
    auto check = [&](size_t samples) {
      std::vector<StoredSeries> there = read(store.storage(), Selection());
      REQUIRE(there.size() == kAscending.size());
      for (size_t i = 0; i < there.size(); ++i) {
        CAPTURE(i);
        CHECK(there[i].labels == kAscending[i]);
        CHECK(there[i].samples.size() == samples);
      }
    };
    write(7, kBegin);
    check(1);
    store.restart();
    check(1);
    write(5, kBegin + kSecond);
    check(2);
  });
}

TEST_CASE("a set is read in parts, by several cursors at once, and says what all of it says") {
  for_each_store([](StoreUnderTest& store) {
    BatchBuilder builder;
    for (int i = 0; i < 1000; ++i) {  // More than a batch of a cursor, some of them beyond the range.
      builder.series({{"__name__", "m"}, {"s", std::to_string(i)}},
                     {{kBegin + (i % 10 == 3 ? 100 : i % 7) * kSecond, i * 1.0}});
    }
    store.write(builder);
    for (uint32_t flags : {uint32_t{0}, uint32_t{kSortedByLabels}}) {
      Selection selection;
      selection.range(kBegin, kBegin + 10 * kSecond).flags(flags);
      Owned<SeriesSet> set = open(store.storage(), selection);
      std::vector<StoredSeries> whole = read(*set, 0, set->size(), *selection.get());
      CHECK(whole.size() == 900);
      const uint64_t middle = set->size() / 3;
      SeriesCursor *first = nullptr, *second = nullptr;
      REQUIRE(set->open(0, middle, &first).ok());
      REQUIRE(set->open(middle, set->size() - middle, &second).ok());
      Owned<SeriesCursor> owned[] = {Owned<SeriesCursor>(first), Owned<SeriesCursor>(second)};
      std::vector<StoredSeries> parts[2];
      for (bool more[] = {true, true}; more[0] || more[1];) {  // In turns.
        for (int i : {0, 1}) {
          SeriesBatch batch{};
          batch.struct_size = sizeof batch;
          REQUIRE(owned[i]->next(&batch).ok());
          more[i] = !batch.series.empty();
          for (const SeriesSamples* s : batch.series) parts[i].push_back(stored(*set, *s, *selection.get()));
        }
      }
      parts[0].insert(parts[0].end(), parts[1].begin(), parts[1].end());
      REQUIRE(parts[0].size() == whole.size());
      for (size_t i = 0; i < whole.size(); ++i) {
        const bool same = parts[0][i].labels == whole[i].labels && parts[0][i].samples == whole[i].samples;
        CHECK(same);
      }
      CHECK(read(*set, middle, 0, *selection.get()).empty());
    }
  });
}

TEST_CASE("a limit leaves as many series as are needed, and labels alone need no samples") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    CHECK(read(store.storage(), Selection(MatchOp::kEqual, "job", "api").limit(2)).size() >= 2);
    CHECK(read(store.storage(), Selection().limit(100)).size() == 6);
    Selection selection(MatchOp::kEqual, "job", "api");
    selection.flags(kLabelsOnly | kSortedByLabels);
    Owned<SeriesSet> set = open(store.storage(), selection);
    REQUIRE(set->size() == 3);
    CHECK(set->labels(0).size == 4);
    CHECK(view(set->symbols()[set->labels(0)[0].value]) == "down");
  });
}

TEST_CASE("a set is a view of what was there: later writes are not in it") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    Selection selection;
    Owned<SeriesSet> set = open(store.storage(), selection);
    BatchBuilder builder;
    builder.series({{"__name__", "up"}, {"job", "api"}, {"s", "1"}}, {{kBegin + 60 * kSecond, 1.0}});
    builder.series({{"__name__", "new"}, {"s", "7"}}, {{kBegin, 1.0}});
    store.write(builder);
    std::vector<StoredSeries> there = read(*set, 0, set->size(), *selection.get());
    CHECK(there.size() == 6);
    for (const StoredSeries& s : there) CHECK(s.samples.size() == 10);
    CHECK(names(store, Selection()) == Names{"1", "2", "3", "4", "5", "6", "7"});
  });
}

TEST_CASE("label names and values are sorted, unique, of the matching series, and the first when there is a limit") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    auto label_names = [&](Selection selection) {
      LabelQuery query = selection.labels();
      Strings out;
      REQUIRE(store.storage().label_names(&query, &out).ok());
      return out.all;
    };
    auto label_values = [&](std::string_view name, Selection selection) {
      LabelQuery query = selection.labels();
      Strings out;
      REQUIRE(store.storage().label_values(str(name), &query, &out).ok());
      return out.all;
    };
    for (int life = 0; life < 2; ++life) {
      CAPTURE(life);
      CHECK(label_names(Selection()) == Names{"__name__", "job", "s", "zone"});
      CHECK(label_names(Selection(MatchOp::kEqual, "s", "1")) == Names{"__name__", "job", "s"});
      CHECK(label_names(Selection(MatchOp::kEqual, "s", "none")) == Names{});
      CHECK(label_names(Selection().limit(2)) == Names{"__name__", "job"});
      CHECK(label_values("job", Selection()) == Names{"api", "apis", "\xc3\xa9\xe2\x82\xac"});
      CHECK(label_values("job", Selection(MatchOp::kEqual, "__name__", "up")) == Names{"api", "apis"});
      CHECK(label_values("job", Selection(MatchOp::kNotEqual, "zone", "")) == Names{"api", "apis"});
      CHECK(label_values("job", Selection().limit(1)) == Names{"api"});
      CHECK(label_values("s", Selection().range(kBegin, kBegin)) == Names{"1", "2", "3", "4", "5", "6"});
      CHECK(label_values("nobody", Selection()) == Names{});
      store.restart();
    }
  });
}

// Takes one piece and no more.
class Reluctant final : public StringSink {
 public:
  explicit Reluctant(Host* host) : host_(host) {}
  Status add(View<Str>) noexcept override {
    ++calls;
    return host_->fail(Code::kUnknown, str("enough"));
  }
  int calls = 0;

 private:
  Host* host_;
};

TEST_CASE("a receiver that fails ends the call with what it said") {
  for_each_store([](StoreUnderTest& store) {
    BatchBuilder builder;
    for (int i = 0; i < 5000; ++i) builder.series({{"__name__", "m"}, {"s", std::to_string(i)}}, {{kBegin, i * 1.0}});
    store.write(builder);
    LabelQuery query = Selection().labels();
    Reluctant out(&store.host);
    CHECK(store.storage().label_values(str("s"), &query, &out).code == Code::kUnknown);
    CHECK(out.calls == 1);
    CHECK(store.storage().label_names(&query, &out).code == Code::kUnknown);
    CHECK(out.calls == 2);
  });
}

// Every reading call with a context, and what each of them answered.
std::map<std::string, Code> read_with(StoreUnderTest& store, const CallContext& context) {
  std::map<std::string, Code> out;
  Selection selection;
  selection.context(&context);
  SeriesSet* set = nullptr;
  out["select"] = store.storage().select(selection.get(), &set).code;
  if (out["select"] == Code::kOk) set->release();
  LabelQuery query = selection.labels();
  Strings strings;
  out["label_names"] = store.storage().label_names(&query, &strings).code;
  out["label_values"] = store.storage().label_values(str("s"), &query, &strings).code;
  return out;
}

TEST_CASE("a caller that has gone, is late, or may hold next to nothing is told so") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    uint32_t gone = 0;
    CallContext context{
        sizeof(CallContext), 0, {nullptr, 0}, store.host.monotonic_ns() + 1'000'000'000, 1 << 20, &gone};
    auto check = [&](Code expected) {
      for (const auto& answer : read_with(store, context)) CHECK_MESSAGE(answer.second == expected, answer.first);
    };
    check(Code::kOk);
    context.byte_budget = 8;
    check(Code::kResourceExhausted);
    context.byte_budget = UINT64_MAX;
    context.deadline_ns = store.host.monotonic_ns() - 1;
    check(Code::kDeadlineExceeded);
    context.deadline_ns = INT64_MAX;
    gone = 1;
    check(Code::kCancelled);
    gone = 0;
    check(Code::kOk);
  });
}

TEST_CASE("a write whose caller has gone or whose deadline has passed may be sent again") {
  for_each_store([](StoreUnderTest& store) {
    uint32_t gone = 1;
    CallContext context = kPatientCaller;
    context.cancelled = &gone;
    auto append = [&] {
      BatchBuilder builder;
      builder.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 1.0}});
      WriteBatch batch = builder.batch();
      batch.context = &context;
      return store.append(batch);
    };
    CHECK(append().status.code == Code::kCancelled);
    gone = 0;
    context.deadline_ns = store.host.monotonic_ns() - 1;
    CHECK(append().status.code == Code::kDeadlineExceeded);
    context.deadline_ns = INT64_MAX;
    Written again = append();
    CHECK(again.status.ok());
    CHECK(again.result.samples_written == 1);
    CHECK(samples_of(store.storage(), "a") == std::vector<StoredSample>{sample(kBegin, 1)});
  });
}

TEST_CASE("tenants do not see each other, or there is but one, and others are told") {
  for_each_store([](StoreUnderTest& store) {
    fill(store);
    CallContext context = kPatientCaller;
    context.tenant = str("another");
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "theirs"}}, {{kBegin, 1.0}});
    WriteBatch batch = builder.batch();
    batch.context = &context;
    Written written = store.append(batch);
    uint64_t ref = 7;
    const Status resolved = store.sink().resolve(&context, batch.keys, &ref);
    if (written.status.ok()) {
      CHECK(written.result.samples_written == 1);
      CHECK(resolved.ok());
      CHECK(names(store, Selection().context(&context)) == Names{"theirs"});
    } else {
      CHECK(written.status.code == Code::kUnimplemented);
      CHECK(resolved.code == Code::kUnimplemented);
      for (const auto& answer : read_with(store, context))
        CHECK_MESSAGE(answer.second == Code::kUnimplemented, answer.first);
    }
    CHECK(names(store, Selection()) == Names{"1", "2", "3", "4", "5", "6"});
  });
}

TEST_CASE("the generation of a time changes with every sample at or before it") {
  for_each_store([](StoreUnderTest& store) {
    auto generation = [&](int64_t until_ms) { return store.storage().generation(str(""), until_ms); };
    store.write("a", {{kBegin, 1.0}});
    uint64_t before = generation(kBegin + kSecond);
    store.write("a", {{kBegin + kSecond, 1.0}});
    CHECK(generation(kBegin + kSecond) != before);
    before = generation(INT64_MAX);
    store.write("b", {{kBegin + 2 * kSecond, 1.0}});
    CHECK(generation(INT64_MAX) != before);
    if (out_of_order_window_ms() == 0) return;
    before = generation(kBegin + kSecond);
    store.write("b", {{kBegin, 1.0}});
    CHECK(generation(kBegin + kSecond) != before);
  });
}

}  // namespace
}  // namespace nightlight::contract
