// One engine with one thread, one with several: every answer the same to the bit, with its annotations, statistics and
// errors.
#include <doctest/doctest.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "promql/component.h"
#include "promql/memory_storage.h"
#include "promql/single_host.h"
#include "promql_std/library.h"

namespace nightlight::test {
namespace {

constexpr int kSeries = 700, kSamples = 40;
constexpr int64_t kIntervalMs = 15'000;

// Runs tasks on threads of their own, late, and some not at all until the host ends.
class ThreadedHost final : public Host {
 public:
  // On its clock so much passes between two looks.
  explicit ThreadedHost(int64_t tick_ns) : tick_ns_(tick_ns) {}
  ~ThreadedHost() {
    for (std::thread& thread : threads_) thread.join();
    for (Task* task : late_) task->run();
  }
  void* query(Str id) noexcept override { return host_.query(id); }
  Status fail(Code code, Str text) noexcept override { return host_.fail(code, text); }
  Str last_error() noexcept override { return host_.last_error(); }
  uint32_t log_enabled(LogLevel level) noexcept override { return host_.log_enabled(level); }
  void log(LogLevel level, Str message, View<KeyValue> fields) noexcept override { host_.log(level, message, fields); }
  Status metric(const MetricSpec* spec, MetricCells* out) noexcept override { return host_.metric(spec, out); }
  int64_t now_ms() noexcept override { return host_.now_ms(); }
  int64_t monotonic_ns() noexcept override { return clock_ns_.fetch_add(tick_ns_); }
  Status submit(Task* task) noexcept override {
    MutexLock lock(mutex_);
    ++submitted_;
    if (submitted_ % 7 == 3) return fail(Code::kResourceExhausted, str("the queue is full"));
    if (submitted_ % 7 == 5) {
      late_.push_back(task);
    } else {
      threads_.emplace_back([task] { task->run(); });
    }
    return kOkStatus;
  }
  int submitted() {
    MutexLock lock(mutex_);
    return submitted_;
  }

 private:
  SingleHost host_;
  const int64_t tick_ns_;
  std::atomic<int64_t> clock_ns_{1};
  Mutex mutex_;
  int submitted_ GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
  std::vector<Task*> late_;
};

// Windows of it hold more samples than any other's.
FloatHistogram large_histogram() {
  FloatHistogram out;
  out.positive.spans = {{0, 50}};
  out.positive.counts.assign(50, 1);
  out.count = out.sum = 50;
  return out;
}

std::string bits(double value) { return std::to_string(std::bit_cast<uint64_t>(value)) + ' '; }

class Bench {
 public:
  explicit Bench(const char* threads, const char* max_samples = "50000000", int64_t tick_ns = 10'000'000)
      : host_(tick_ns),
        instance_(RunningInstance::start(
            host_, promql::component(),
            {{"threads_per_query", threads}, {"max_samples", max_samples}, {"result_cache", "0"}},
            {{kStorageId, static_cast<Storage*>(&storage_)},
             {kFunctionLibraryId, static_cast<FunctionLibrary*>(&library_)}})) {
    REQUIRE(instance_.ok());
    for (int i = 0; i < kSeries; ++i) {
      Labels labels({{"__name__", "m"}, {"group", std::to_string(i % 7)}, {"number", std::to_string(i)}});
      for (int n = i % 3; n < kSamples; n += 1 + i % 2) {
        Sample sample;
        sample.timestamp_ms = n * kIntervalMs + i % 5;
        sample.value = std::sin(i * 1.7 + n) * std::pow(10, i % 30 - 15);
        if (i % 97 == 5) sample.histogram = large_histogram();
        REQUIRE(storage_.append(labels, sample).ok());
      }
    }
  }

  // Everything of an answer, as text.
  std::string ask(const char* text) {
    CallContext context{};
    context.struct_size = sizeof context;
    context.deadline_ns = std::numeric_limits<int64_t>::max();
    context.byte_budget = std::numeric_limits<uint64_t>::max();
    Query query{};
    query.struct_size = sizeof query;
    query.flags = kRange | kStats;
    query.context = &context;
    query.text = str(text);
    query.end_ms = kSamples * kIntervalMs;
    query.step_ms = kIntervalMs / 3;
    QueryResult* raw = nullptr;
    if (Status status = instance_->as<Engine>(kEngineId)->query(&query, &raw); !status.ok())
      return "error: " + std::string(view(host_.last_error()));
    Owned<QueryResult> result(raw);
    std::string out;
    while (true) {
      ResultBatch batch{};
      if (!result->next(&batch).ok()) return "error: " + std::string(view(host_.last_error()));
      if (batch.series.empty()) break;
      for (const ResultSeries* series : batch.series) {
        out += format_labels(series->labels) + ' ';
        for (int64_t t : series->timestamps_ms) out += std::to_string(t) + ' ';
        for (double value : series->values) out += bits(value);
        out += std::to_string(series->histograms.size) + '\n';
      }
    }
    for (Str warning : result->warnings()) out += "warning: " + std::string(view(warning)) + '\n';
    for (Str info : result->infos()) out += "info: " + std::string(view(info)) + '\n';
    const QueryStats& stats = *result->stats();
    for (int64_t n : {stats.total_queryable_samples, stats.samples_read, stats.series_touched, stats.peak_samples})
      out += std::to_string(n) + ' ';
    for (int64_t n : stats.queryable_samples_per_step) out += std::to_string(n) + ' ';
    for (int64_t n : stats.samples_read_per_step) out += std::to_string(n) + ' ';
    return out;
  }

  ThreadedHost& host() { return host_; }

 private:
  ThreadedHost host_;
  MemoryStorage storage_{&host_};
  promql_std::Library library_{&host_};
  Result<RunningInstance> instance_;
};

TEST_CASE("answers do not depend on the number of threads") {
  // Alone has other parts than four.
  Bench one("1"), four("4"), alone("4", "50000000", 0);
  for (const char* query : {"sum by (group) (rate(m[2m]))",
                            "rate(m[1m])",
                            "sum(avg_over_time(m[5m]))",
                            "max_over_time(m[1m]) > 0",
                            "sum(max_over_time(m[2m]))",
                            "topk(3, increase(m[3m]))",
                            "last_over_time(m[1m])",
                            "sum(rate(m{number=~\"1.*\"}[2m])) + sum(rate(m{group=\"2\"}[2m]))",
                            "quantile_over_time(scalar(sum(m) * 0 + 0.3), m[2m])",
                            "max_over_time(sum(rate(m[1m]))[3m:15s])",
                            "predict_linear(m[5m], 600)",
                            "double_exponential_smoothing(m[5m], 3, 0.5)",
                            "avg(deriv({group=~\".+\"}[5m]))",
                            "quantile(2, rate(m[2m]))",
                            "m",
                            "sum by (group) (m offset 30s)",
                            "m{group=\"3\"} > 0",
                            "topk(3, m)",
                            "m / on(number) group_left m",
                            "timestamp(m)",
                            "-abs(m @ end())",
                            "max_over_time(sum(m)[3m:15s])",
                            "count_values(\"value\", m)"}) {
    CAPTURE(std::string(query));
    const std::string expected = one.ask(query);
    CHECK(expected.size() > 20);
    for (int i = 0; i < 3; ++i) CHECK((four.ask(query) == expected));
    CHECK((alone.ask(query) == expected));
  }
  CHECK(one.host().submitted() == 0);
  CHECK(four.host().submitted() > 100);
}

TEST_CASE("what takes no time is not handed to other threads") {
  Bench bench("4", "50000000", 0);
  CHECK(bench.ask("sum by (group) (rate(m[2m]))").size() > 20);
  CHECK(bench.host().submitted() == 0);
}

TEST_CASE("limits do not depend on the number of threads") {
  for (const char* most : {"1", "39", "40", "80", "1000", "100000", "200000"}) {
    CAPTURE(std::string(most));
    Bench one("1", most), four("4", most);
    for (const char* query : {"sum(rate(m[2m]))", "rate(m[2m])", "sum(m)", "m"}) {
      CAPTURE(std::string(query));
      CHECK((four.ask(query) == one.ask(query)));
    }
  }
}

}  // namespace
}  // namespace nightlight::test
