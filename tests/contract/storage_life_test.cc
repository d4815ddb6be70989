// What the contract asks of a store, ours or a stranger's, about its life: what was acknowledged outlives it, nothing
// is served outside of it, and many may use it at once.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>

#include "contract/store_under_test.h"
#include "fakes/collectors.h"

namespace nightlight::contract {
namespace {

using fakes::BatchBuilder;

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond;
constexpr int64_t kBegin = 1'700'000'000'000 - 30 * kMinute;

TEST_CASE("what was acknowledged is there in the next life, however the last one ended") {
  for_each_store([](StoreUnderTest& store) {
    std::map<std::string, std::vector<StoredSample>> expected;
    int64_t t = kBegin;
    // Drained or not, in all sequences of three.
    for (int endings = 0; endings < 8; ++endings) {
      for (int life = 0; life < 3; ++life) {
        for (const char* name : {"a", "b", endings % 2 == 0 ? "even" : "odd"}) {
          const double value = static_cast<double>(t) / 3;
          store.write(name, {{t, value}, {t + 1, -0.0}});
          expected[name].push_back(sample(t, value));
          expected[name].push_back(sample(t + 1, -0.0));
        }
        t += kSecond;
        store.restart((endings >> life & 1) != 0);
        auto there = read_all(store.storage());
        CHECK(there.size() == expected.size());
        for (const auto& series : expected) {
          const bool same = there[series.first].samples == series.second;
          CHECK_MESSAGE(same, "series " << series.first << ", ending " << life << " of sequence " << endings);
        }
      }
    }
  });
}

TEST_CASE("the rules of order hold over a restart") {
  for_each_store([](StoreUnderTest& store) {
    store.write("a", {{kBegin, 1.0}, {kBegin + kMinute, 2.0}});
    for (bool drained : {false, true}) {
      store.restart(drained);
      BatchBuilder same, other, late;
      same.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin + kMinute, 2.0}});
      other.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin + kMinute, 3.0}});
      late.series({{"__name__", "m"}, {"s", "a"}}, {{kBegin + kMinute - out_of_order_window_ms() - 1, 3.0}});
      CHECK(store.append(same.batch()).result.samples_written == 1);
      CHECK(store.append(other.batch()).result.rejected == 1);
      CHECK(store.append(late.batch()).result.rejected == 1);
    }
    CHECK(samples_of(store.storage(), "a") ==
          std::vector<StoredSample>{sample(kBegin, 1), sample(kBegin + kMinute, 2)});
  });
}

// What calls answer now, by name.
std::map<std::string, Code> answers(StoreUnderTest& store) {
  std::map<std::string, Code> out;
  BatchBuilder builder;
  builder.series({{"__name__", "m"}, {"s", "out of life"}}, {{kBegin, 1.0}});
  out["append"] = store.append(builder.batch()).status.code;
  Selection selection;
  SeriesSet* set = nullptr;
  out["select"] = store.storage().select(selection.get(), &set).code;
  if (set != nullptr) set->release();
  LabelQuery query = selection.labels();
  fakes::Strings strings;
  out["label_names"] = store.storage().label_names(&query, &strings).code;
  out["label_values"] = store.storage().label_values(str("s"), &query, &strings).code;
  return out;
}

TEST_CASE("a store that has not started or has stopped is unavailable, and one that drains takes no writes") {
  for_each_store([](StoreUnderTest& store) {
    store.write("a", {{kBegin, 1.0}});
    CHECK(store.instance().health().ok());
    REQUIRE(store.instance().drain(INT64_MAX).ok());
    CHECK(answers(store)["append"] == Code::kUnavailable);
    REQUIRE(store.instance().stop().ok());
    for (const auto& answer : answers(store))
      CHECK_MESSAGE(answer.second == Code::kUnavailable, "stopped: " << answer.first);
    CHECK(!store.instance().health().ok());
    store.create();
    for (const auto& answer : answers(store))
      CHECK_MESSAGE(answer.second == Code::kUnavailable, "created: " << answer.first);
    CHECK(!store.instance().health().ok());
    REQUIRE(store.instance().start().ok());
    CHECK(read_all(store.storage()).size() == 1);
  });
}

TEST_CASE("two write while one reads: a request is seen whole or not at all, and what was acknowledged is seen") {
  constexpr int kSeries = 12, kRequests = 150, kWriters = 2;
  for_each_store([&](StoreUnderTest& store) {
    std::array<std::atomic<int>, kWriters> acknowledged{};
    std::atomic<int> writing{kWriters};
    auto write = [&](int writer) {
      for (int n = 0; n < kRequests; ++n) {
        BatchBuilder builder;
        for (int i = 0; i < kSeries; ++i)
          builder.series({{"__name__", "m"}, {"s", std::to_string(i)}, {"writer", std::to_string(writer)}},
                         {{kBegin + n * kSecond, n * 1.0}});
        store.write(builder);
        acknowledged[static_cast<size_t>(writer)].store(n + 1);
      }
      --writing;
    };
    std::thread writers[] = {std::thread(write, 0), std::thread(write, 1)};
    int torn = 0, behind = 0, wrong = 0;
    for (bool last = false; !last;) {
      last = writing.load() == 0;
      std::array<size_t, kWriters> at_least{}, seen{}, series{};
      for (size_t w = 0; w < kWriters; ++w) at_least[w] = static_cast<size_t>(acknowledged[w].load());
      for (const StoredSeries& s : read(store.storage(), Selection())) {
        const size_t w = s.label("writer") == "0" ? 0 : 1;
        if (series[w]++ > 0 && s.samples.size() != seen[w]) ++torn;
        seen[w] = s.samples.size();
        for (size_t i = 0; i < s.samples.size(); ++i)
          if (s.samples[i] != sample(kBegin + static_cast<int64_t>(i) * kSecond, static_cast<double>(i))) ++wrong;
      }
      for (size_t w = 0; w < kWriters; ++w) {
        if (series[w] != 0 && series[w] != kSeries) ++torn;
        if (seen[w] < at_least[w]) ++behind;
      }
    }
    for (std::thread& writer : writers) writer.join();
    CHECK(torn == 0);
    CHECK(behind == 0);
    CHECK(wrong == 0);
    CHECK(read(store.storage(), Selection()).size() == kWriters * kSeries);
  });
}

TEST_CASE("many write the same series at once: each is made once, and every sample is stored") {
  constexpr int kThreads = 4, kSeries = 50;
  for_each_store([&](StoreUnderTest& store) {
    std::vector<std::thread> threads;
    std::atomic<uint64_t> written{0};
    for (int w = 0; w < kThreads; ++w) {
      threads.emplace_back([&, w] {
        for (int i = 0; i < kSeries; ++i) {
          BatchBuilder builder;
          builder.series({{"__name__", "m"}, {"s", std::to_string(i)}}, {{kBegin + i * kSecond, 1.0}});
          builder.series({{"__name__", "m"}, {"s", "of " + std::to_string(w)}}, {{kBegin + i * kSecond, 1.0}});
          written += store.append(builder.batch()).result.samples_written;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(written.load() == 2 * kThreads * kSeries);  // Repeated ones count as written.
    for (int life = 0; life < 2; ++life) {
      auto there = read_all(store.storage());
      CHECK(there.size() == kSeries + kThreads);
      for (int i = 0; i < kSeries; ++i)
        CHECK(there[std::to_string(i)].samples == std::vector<StoredSample>{sample(kBegin + i * kSecond, 1)});
      for (int w = 0; w < kThreads; ++w) CHECK(there["of " + std::to_string(w)].samples.size() == kSeries);
      store.restart(false);
    }
  });
}

}  // namespace
}  // namespace nightlight::contract
