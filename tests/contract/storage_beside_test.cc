// What the contract asks of what a store may have beside samples: exemplars, metadata, and what operators do with it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "contract/store_under_test.h"
#include "fakes/collectors.h"

namespace nightlight::contract {
namespace {

using fakes::BatchBuilder;
using fakes::Labels;
using fakes::Strings;
using fakes::Text;

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond;
constexpr int64_t kBegin = 1'700'000'000'000 - 30 * kMinute;

struct StoredExemplar {
  int64_t t;
  uint64_t bits;
  Labels labels;
  bool operator==(const StoredExemplar&) const = default;
};

class Exemplars final : public ExemplarSink {
 public:
  Status add(View<LabelPair> series, View<const Exemplar*> exemplars) noexcept override {
    Labels labels = kept(series);
    CHECK(!exemplars.empty());
    if (!all.empty()) CHECK(all.back().first < labels);
    all.emplace_back(std::move(labels), std::vector<StoredExemplar>());
    for (const Exemplar* e : exemplars) {
      if (!all.back().second.empty()) CHECK(all.back().second.back().t <= e->timestamp_ms);
      all.back().second.push_back({e->timestamp_ms, std::bit_cast<uint64_t>(e->value), kept(e->labels)});
    }
    return kOkStatus;
  }
  std::vector<std::pair<Labels, std::vector<StoredExemplar>>> all;

 private:
  static Labels kept(View<LabelPair> labels) {
    Labels out;
    for (const LabelPair& l : labels) out.emplace_back(view(l.name), view(l.value));
    return out;
  }
};

TEST_CASE("exemplars come back with their series, in order, within the range, before and after a restart") {
  for_each_store_with<ExemplarStorage>(kExemplarStorageId, [](StoreUnderTest& store, ExemplarStorage&) {
    const LabelPair trace[] = {{str("span"), str("9")}, {str("trace_id"), str("abc\xc3\xa9")}};
    const Labels a{{"__name__", "m"}, {"s", "a"}}, b{{"__name__", "m"}, {"s", "b"}};
    BatchBuilder builder;
    builder.series(b, {{kBegin, 1.0}});
    builder.series(a, {{kBegin, 1.0}});
    builder.series({{"__name__", "m"}, {"s", "without"}}, {{kBegin, 1.0}});
    auto exemplar = [&](uint32_t series, int64_t t, double value, View<LabelPair> labels) {
      builder.exemplar({sizeof(Exemplar), series, t, value, labels});
    };
    exemplar(0, kBegin, -0.0, view_of(trace));
    exemplar(1, kBegin, 0.25, {nullptr, 0});
    exemplar(1, kBegin + kSecond, std::bit_cast<double>(uint64_t{0x7ff8000000000123}), view_of(trace));
    exemplar(1, kBegin + 2 * kSecond, 3, view_of(trace));
    Written written = store.append(builder.batch());
    REQUIRE(written.status.ok());
    CHECK(written.result.exemplars_written == 4);
    CHECK(written.result.rejected == 0);
    const Labels in_words{{"span", "9"}, {"trace_id", "abc\xc3\xa9"}};
    const StoredExemplar of_b{kBegin, std::bit_cast<uint64_t>(-0.0), in_words},
        first{kBegin, std::bit_cast<uint64_t>(0.25), {}}, second{kBegin + kSecond, 0x7ff8000000000123, in_words},
        third{kBegin + 2 * kSecond, std::bit_cast<uint64_t>(3.0), in_words};
    for (int life = 0; life < 3; ++life) {
      CAPTURE(life);
      auto read = [&](Selection selection) {
        Exemplars out;
        auto* storage = store.query<ExemplarStorage>(kExemplarStorageId);
        REQUIRE(storage->exemplars(selection.get(), &out).ok());
        return out.all;
      };
      using All = std::vector<std::pair<Labels, std::vector<StoredExemplar>>>;
      CHECK(read(Selection()) == All{{a, {first, second, third}}, {b, {of_b}}});
      CHECK(read(Selection(MatchOp::kEqual, "s", "b")) == All{{b, {of_b}}});
      CHECK(read(Selection().range(kBegin + kSecond, kBegin + kSecond)) == All{{a, {second}}});
      CHECK(read(Selection().range(kBegin + 1, kBegin + 2 * kSecond)) == All{{a, {second, third}}});
      CHECK(read(Selection().range(INT64_MIN, kBegin - 1)) == All{});
      store.restart(life == 1);
    }
    Written repeated = store.append(builder.batch());
    CHECK(repeated.result.exemplars_written == 4);
  });
}

TEST_CASE("exemplars that cannot be stored are told as such, and the samples beside them are stored") {
  for_each_store_with<ExemplarStorage>(kExemplarStorageId, [](StoreUnderTest& store, ExemplarStorage& exemplars) {
    const std::string long_text(200, 'x');
    const LabelPair too_long[] = {{str("trace_id"), str(long_text)}};
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 1.0}});
    builder.exemplar({sizeof(Exemplar), 0, kBegin, 1, view_of(too_long)});
    builder.exemplar({sizeof(Exemplar), 0, kBegin, 2, {nullptr, 0}});
    builder.exemplar({sizeof(Exemplar), 0, kBegin - kSecond, 3, {nullptr, 0}});
    Written written = store.append(builder.batch());
    REQUIRE(written.status.ok());
    CHECK(written.result.samples_written == 1);
    CHECK(written.result.exemplars_written + written.result.rejected == 3);
    for (const auto& one : written.rejected) CHECK(one.reason == RejectReason::kInvalidExemplar);
    Exemplars out;
    Selection selection;
    REQUIRE(exemplars.exemplars(selection.get(), &out).ok());
    REQUIRE(out.all.size() == 1);
    CHECK(out.all[0].second.size() == written.result.exemplars_written);
  });
}

class Families final : public MetadataSink {
 public:
  Status add(const Metadata* m) noexcept override {
    all[std::string(view(m->family))].insert(std::to_string(static_cast<uint32_t>(m->kind)) + " " +
                                             std::string(view(m->help)) + " [" + std::string(view(m->unit)) + "]");
    return kOkStatus;
  }
  std::map<std::string, std::set<std::string>> all;
};

TEST_CASE("metadata comes back by family, the newest, before and after a restart") {
  for_each_store_with<MetadataStorage>(kMetadataStorageId, [](StoreUnderTest& store, MetadataStorage&) {
    auto write = [&](MetricKind kind, std::string_view family, std::string_view help, std::string_view unit) {
      BatchBuilder builder;
      builder.metadata({sizeof(Metadata), kind, str(family), str(help), str(unit)});
      Written written = store.append(builder.batch());
      REQUIRE(written.status.ok());
      CHECK(written.result.metadata_written == 1);
    };
    write(MetricKind::kCounter, "requests", "First words.", "");
    write(MetricKind::kCounter, "requests", "Requests,\n\xc3\xa9 \\ \"all\".", "");
    write(MetricKind::kGauge, "temperature_celsius", "", "celsius");
    write(MetricKind::kStateSet, "state", "A state.", "");
    for (int life = 0; life < 3; ++life) {
      CAPTURE(life);
      auto read = [&](std::string_view family) {
        Families out;
        REQUIRE(store.query<MetadataStorage>(kMetadataStorageId)->metadata(&kPatientCaller, str(family), &out).ok());
        return out.all;
      };
      auto all = read("");
      CHECK(all.size() == 3);
      CHECK(all["requests"].contains("1 Requests,\n\xc3\xa9 \\ \"all\". []"));
      CHECK(all["temperature_celsius"] == std::set<std::string>{"2  [celsius]"});
      CHECK(all["state"] == std::set<std::string>{"7 A state. []"});
      CHECK(read("state").size() == 1);
      CHECK(read("nobody").empty());
      store.restart(life == 1);
    }
  });
}

// ---- what operators do
// ------------------------------------------------------------------------------------------------------

void fill(StoreUnderTest& store) {
  BatchBuilder builder;
  for (const char* name : {"a", "b", "c"}) {
    std::vector<BatchBuilder::Point> points;
    for (int i = 0; i < 100; ++i) points.push_back({kBegin + i * kSecond, i * 1.0});
    builder.series({{"__name__", "m"}, {"s", name}}, points);
  }
  Histogram h{};
  h.struct_size = sizeof h;
  h.timestamp_ms = kBegin + 200 * kSecond;
  builder.series({{"__name__", "m"}, {"s", "c"}}, {}, {h});
  store.write(builder);
}

TEST_CASE("deleted samples are gone at once, to both ends of the range, and stay gone") {
  for_each_store_with<StorageAdmin>(kStorageAdminId, [](StoreUnderTest& store, StorageAdmin&) {
    auto remove = [&](Selection selection) {
      auto* admin = store.query<StorageAdmin>(kStorageAdminId);
      REQUIRE(admin->delete_series(selection.get()).ok());
    };
    auto check = [&](size_t of_a, size_t of_c) {
      auto there = read_all(store.storage());
      CHECK(there["a"].samples.size() == of_a);
      CHECK(there["b"].samples.size() == 100);
      CHECK(there["c"].samples.size() + there["c"].histograms.size() == of_c);
      for (const StoredSample& s : there["a"].samples) {
        const bool kept = s.t < kBegin + 10 * kSecond || s.t > kBegin + 19 * kSecond;
        CHECK(kept);
      }
    };
    fill(store);
    const uint64_t before = store.storage().generation(str(""), INT64_MAX);
    remove(Selection(MatchOp::kEqual, "s", "a").range(kBegin + 10 * kSecond, kBegin + 19 * kSecond));
    CHECK(store.storage().generation(str(""), INT64_MAX) != before);
    check(90, 101);
    store.restart(false);
    check(90, 101);
    store.restart();
    check(90, 101);
    remove(Selection(MatchOp::kRegex, "s", "[cd]"));  // What is on disk by now.
    check(90, 0);
    REQUIRE(store.query<StorageAdmin>(kStorageAdminId)->clean_tombstones(&kPatientCaller).ok());
    check(90, 0);
    store.restart();
    check(90, 0);
    Selection wrong(MatchOp::kRegex, "s", "a(");
    CHECK(store.query<StorageAdmin>(kStorageAdminId)->delete_series(wrong.get()).code == Code::kInvalidArgument);
  });
}

TEST_CASE("a snapshot is a data directory as it was then") {
  for_each_store_with<StorageAdmin>(kStorageAdminId, [](StoreUnderTest& store, StorageAdmin& admin) {
    fill(store);
    Text name, another;
    REQUIRE(admin.snapshot(&kPatientCaller, 0, &name).ok());
    CHECK(!name.text.empty());
    store.write("late to the party", {{kBegin + 300 * kSecond, 1.0}});
    Selection selection(MatchOp::kEqual, "s", "a");
    REQUIRE(admin.delete_series(selection.get()).ok());
    CHECK(read_all(store.storage()).size() == 3);
    store.end();
    store.data_directory += "/snapshots/" + name.text;
    REQUIRE(std::filesystem::is_directory(store.data_directory));
    store.start();
    auto there = read_all(store.storage());
    CHECK(there.size() == 3);
    for (const char* series : {"a", "b", "c"}) CHECK(there[series].samples.size() == 100);
    CHECK(there["c"].histograms.size() == 1);
    store.write("b", {{kBegin + 400 * kSecond, 1.0}});
    CHECK(samples_of(store.storage(), "b").size() == 101);
  });
}

TEST_CASE("what a store says of itself is JSON in Prometheus' shape") {
  for_each_store_with<StorageAdmin>(kStorageAdminId, [](StoreUnderTest& store, StorageAdmin&) {
    fill(store);
    auto* admin = store.query<StorageAdmin>(kStorageAdminId);
    Text cardinality, blocks;
    REQUIRE(admin->cardinality_json(&kPatientCaller, 2, &cardinality).ok());
    auto said = nlohmann::json::parse(cardinality.text);
    CHECK(said["headStats"]["numSeries"] == 3);
    CHECK(said["headStats"]["minTime"] == kBegin);
    CHECK(said["headStats"]["maxTime"] == kBegin + 200 * kSecond);
    CHECK(said["headStats"]["numLabelPairs"] == 4);
    CHECK(said["headStats"].contains("chunkCount"));
    CHECK(said["seriesCountByMetricName"] == nlohmann::json::parse(R"([{"name": "m", "value": 3}])"));
    CHECK(said["labelValueCountByLabelName"] ==
          nlohmann::json::parse(R"([{"name": "s", "value": 3}, {"name": "__name__", "value": 1}])"));
    CHECK(said["seriesCountByLabelValuePair"].size() == 2);
    CHECK(said["seriesCountByLabelValuePair"][0] == nlohmann::json::parse(R"({"name": "__name__=m", "value": 3})"));
    CHECK(said.contains("memoryInBytesByLabelName"));
    store.restart();
    admin = store.query<StorageAdmin>(kStorageAdminId);
    REQUIRE(admin->blocks_json(&kPatientCaller, &blocks).ok());
    for (const auto& block : nlohmann::json::parse(blocks.text)) {
      CHECK(block["ulid"].get<std::string>().size() == 26);
      CHECK(block["minTime"] <= block["maxTime"]);
      CHECK(block["stats"]["numSeries"] == 3);
      CHECK(block["stats"]["numSamples"] == 301);
      CHECK(block["compaction"].contains("level"));
    }
  });
}

TEST_CASE("what is beside samples, too, ends with a caller that has gone, is late, or may hold next to nothing") {
  for_each_store_with<ExemplarStorage>(kExemplarStorageId, [](StoreUnderTest& store, ExemplarStorage& exemplars) {
    BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin, 1.0}});
    for (int i = 0; i < 100; ++i) builder.exemplar({sizeof(Exemplar), 0, kBegin + i, 1, {nullptr, 0}});
    builder.metadata({sizeof(Metadata), MetricKind::kGauge, str("m"), str("Help."), str("")});
    store.write(builder);
    uint32_t gone = 0;
    CallContext context = kPatientCaller;
    context.cancelled = &gone;
    auto answer = [&] {
      Exemplars out;
      Selection selection;
      selection.context(&context);
      return exemplars.exemplars(selection.get(), &out).code;
    };
    auto metadata = [&] {
      Families out;
      auto* storage = store.query<MetadataStorage>(kMetadataStorageId);
      return storage == nullptr ? Code::kOk : storage->metadata(&context, str(""), &out).code;
    };
    CHECK(answer() == Code::kOk);
    context.byte_budget = 8;
    CHECK(answer() == Code::kResourceExhausted);
    context.byte_budget = UINT64_MAX;
    context.deadline_ns = store.host.monotonic_ns() - 1;
    CHECK(answer() == Code::kDeadlineExceeded);
    if (store.query<MetadataStorage>(kMetadataStorageId) != nullptr) CHECK(metadata() == Code::kDeadlineExceeded);
    context.deadline_ns = INT64_MAX;
    gone = 1;
    CHECK(answer() == Code::kCancelled);
    if (store.query<MetadataStorage>(kMetadataStorageId) != nullptr) CHECK(metadata() == Code::kCancelled);
  });
}

}  // namespace
}  // namespace nightlight::contract
