// 64 clients at once, of which some are cancelled, some are ended by others and some stop reading: whoever is left
// alone gets the whole answer, and afterwards nothing runs and all memory has been given back.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "fakes/collectors.h"
#include "promql/component.h"
#include "promql/memory_storage.h"
#include "promql/running_queries.h"
#include "promql/single_host.h"
#include "promql_std/library.h"

// Sanitizers have allocators of their own, and find leaks by themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NIGHTLIGHT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NIGHTLIGHT_SANITIZED
#endif
#endif

namespace {

std::atomic<int64_t> allocated_bytes{0};

}  // namespace

#ifndef NIGHTLIGHT_SANITIZED
namespace {

// In front of each block: the size that was asked for. (What malloc gives varies by a few bytes.)
constexpr size_t kHeaderBytes = alignof(std::max_align_t);

void* counted(size_t size) {
  void* block = std::malloc(kHeaderBytes + size);
  if (block == nullptr) throw std::bad_alloc();
  std::memcpy(block, &size, sizeof size);
  allocated_bytes += static_cast<int64_t>(size);
  return static_cast<char*>(block) + kHeaderBytes;
}

void discounted(void* memory) {
  if (memory == nullptr) return;
  void* block = static_cast<char*>(memory) - kHeaderBytes;
  size_t size;
  std::memcpy(&size, block, sizeof size);
  allocated_bytes -= static_cast<int64_t>(size);
  std::free(block);
}

}  // namespace

void* operator new(size_t size) { return counted(size); }
void* operator new[](size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { discounted(memory); }
void operator delete[](void* memory) noexcept { discounted(memory); }
void operator delete(void* memory, size_t) noexcept { discounted(memory); }
void operator delete[](void* memory, size_t) noexcept { discounted(memory); }
#endif

namespace nightlight::test {
namespace {

using fakes::Text;

constexpr int kClients = 64, kSeries = 60, kSamples = 120;
constexpr int64_t kIntervalMs = 15'000;

struct Outcome {
  Code code = Code::kOk;
  uint64_t samples = 0;
};

// The functions of another library, of which rate never ends but by the call's flag (or, after seconds, with a value).
class EndlessRate final : public FunctionLibrary {
 public:
  explicit EndlessRate(FunctionLibrary& of) : of_(of) {}
  View<const FunctionSpec*> functions() noexcept override { return of_.functions(); }
  Status prepare(Str name, Function** out) noexcept override {
    if (view(name) != "rate") return of_.prepare(name, out);
    *out = new Endless(*this);
    return kOkStatus;
  }
  std::atomic<int> begun{0}, told_to_end{0};

 private:
  class Endless final : public Function {
   public:
    explicit Endless(EndlessRate& library) : library_(library) {}
    Status window(const Call* call, const Windows*, ColumnOut* out) noexcept override {
      ++library_.begun;
      for (int i = 0; i < 500; ++i) {
        if (__atomic_load_n(call->evaluation->context->cancelled, __ATOMIC_RELAXED) != 0) {
          ++library_.told_to_end;
          return Status{Code::kCancelled, 0};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      out->valid[0] = 1;
      return kOkStatus;
    }
    Status column(const Call*, const Column*, ColumnOut*) noexcept override { return {Code::kUnimplemented, 0}; }
    Status vector(const Call*, ColumnSink*) noexcept override { return {Code::kUnimplemented, 0}; }
    Status scalar(const Call*, double*) noexcept override { return {Code::kUnimplemented, 0}; }
    void release() noexcept override { delete this; }

   private:
    EndlessRate& library_;
  };
  FunctionLibrary& of_;
};

class Bench {
 public:
  explicit Bench(bool endless = false)
      : instance_(RunningInstance::start(
            host_, promql::component(), {{"max_concurrent_queries", "4"}},
            {{kStorageId, static_cast<Storage*>(&storage_)},
             {kFunctionLibraryId, endless ? static_cast<FunctionLibrary*>(&endless_) : &library_}})) {
    REQUIRE(instance_.ok());
    for (int i = 0; i < kSeries; ++i) {
      Labels labels({{"__name__", "m"}, {"group", std::to_string(i % 7)}, {"number", std::to_string(i)}});
      for (int n = 0; n < kSamples; ++n) {
        Sample sample;
        sample.timestamp_ms = n * kIntervalMs;
        sample.value = n * i;
        REQUIRE(storage_.append(labels, sample).ok());
      }
    }
  }

  EndlessRate& endless() { return endless_; }
  Engine& engine() { return *instance_->as<Engine>(kEngineId); }

  // Asks for a range; reads all of it, or only the first batch.
  Outcome ask(const char* text, const uint32_t* cancelled, bool whole) {
    CallContext context{};
    context.struct_size = sizeof context;
    context.deadline_ns = std::numeric_limits<int64_t>::max();
    context.byte_budget = std::numeric_limits<uint64_t>::max();
    context.cancelled = cancelled;
    Query query{};
    query.struct_size = sizeof query;
    query.flags = kRange;
    query.context = &context;
    query.text = str(text);
    query.end_ms = kSamples * kIntervalMs;
    query.step_ms = kIntervalMs / 3;
    QueryResult* raw = nullptr;
    if (Status status = engine().query(&query, &raw); !status.ok()) return {status.code, 0};
    Owned<QueryResult> result(raw);
    Outcome out;
    do {
      ResultBatch batch{};
      if (Status status = result->next(&batch); !status.ok()) return {status.code, 0};
      if (batch.series.empty()) break;
      for (const ResultSeries* series : batch.series) out.samples += series->values.size;
    } while (whole);
    return out;
  }

  std::string running() {
    Text out;
    REQUIRE(engine().running_json(&out).ok());
    return out.text;
  }

 private:
  SingleHost host_;
  MemoryStorage storage_{&host_};
  promql_std::Library library_{&host_};
  EndlessRate endless_{library_};
  Result<RunningInstance> instance_;
};

constexpr const char* kQueries[] = {"sum by (group) (rate(m[2m]))", "topk(3, m) and on (number) m > 5",
                                    "max_over_time(sum by (group) (m)[5m:15s])",
                                    "m / on (group) group_left () sum by (group) (m)"};

// Ends the queries that run, one after the other.
void end_some(Bench& bench, uint64_t& last_id) {
  for (uint64_t id = last_id + 1; id <= last_id + 8; ++id)
    static_cast<void>(bench.engine().cancel(id));  // Most are not there.
  last_id += 8;
}

// One round of all clients. Returns how many were ended by others.
int round(Bench& bench, const std::vector<uint64_t>& expected, uint64_t& last_id) {
  std::vector<Outcome> outcomes(kClients);
  std::vector<uint32_t> gone(kClients, 0);
  std::vector<std::thread> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      const uint32_t* cancelled = i % 4 == 1 ? &gone[i] : nullptr;
      outcomes[i] = bench.ask(kQueries[i / 4 % 4], cancelled, i % 4 != 2);
    });
  }
  for (size_t i = 1; i < kClients; i += 4) __atomic_store_n(&gone[i], 1, __ATOMIC_RELAXED);
  const uint64_t first_id = last_id;
  while (last_id < first_id + 16) end_some(bench, last_id);  // The first 16 that came.
  for (std::thread& client : clients) client.join();
  last_id = first_id + kClients;
  int ended = 0;
  for (size_t i = 0; i < kClients; ++i) {
    CAPTURE(i);
    CHECK((outcomes[i].code == Code::kOk || outcomes[i].code == Code::kCancelled));
    if (outcomes[i].code == Code::kCancelled) ++ended;
    if (outcomes[i].code == Code::kOk && i % 4 != 2) CHECK(outcomes[i].samples == expected[i / 4 % 4]);
  }
  return ended;
}

TEST_CASE("64 clients, some of which are cancelled, leave nothing behind") {
  Bench bench;
  std::vector<uint64_t> expected;
  uint64_t last_id = 0;
  for (const char* query : kQueries) {
    Outcome outcome = bench.ask(query, nullptr, true);
    REQUIRE(outcome.code == Code::kOk);
    REQUIRE(outcome.samples > 0);
    expected.push_back(outcome.samples);
    ++last_id;
  }
  const uint32_t already_gone = 1;
  CHECK(bench.ask(kQueries[0], &already_gone, true).code == Code::kCancelled);
  ++last_id;
  int ended = round(bench, expected, last_id);  // What is allocated once, is by now.
  const int64_t before_bytes = allocated_bytes.load();
  for (int i = 0; i < 3; ++i) ended += round(bench, expected, last_id);
  CHECK(bench.running() == "[]");
  // Less than a byte for each query: the last error's text, which names a query, may have a digit more.
  CHECK(std::abs(allocated_bytes.load() - before_bytes) < kClients);
  CHECK(ended > 0);
  for (size_t i = 0; i < expected.size(); ++i) CHECK(bench.ask(kQueries[i], nullptr, true).samples == expected[i]);
}

// One query at a time; the first of three has the turn.
struct OneTurn {
  OneTurn() { REQUIRE(first->wait_for_turn(INT64_MAX).ok()); }

  using Entry = promql::RunningQueries::Entry;
  SingleHost host;
  promql::RunningQueries queries{&host, 1};
  std::unique_ptr<Entry> first = queries.add("first", "", nullptr), second = queries.add("second", "", nullptr),
                         third = queries.add("third", "", nullptr);
};

TEST_CASE_FIXTURE(OneTurn,
                  "who waits for a turn has it before who comes later, even in the moment in which it becomes free") {
  std::vector<uint64_t> order;  // Only who has the turn writes to it.
  auto run = [&](Entry& entry) {
    CHECK(entry.wait_for_turn(INT64_MAX).ok());
    order.push_back(entry.id);
    entry.give_turn_back();
  };
  std::thread waits([&] { run(*second); });
  while (queries.waiting() == 0) std::this_thread::yield();
  first->give_turn_back();
  run(*third);
  waits.join();
  CHECK(order == std::vector<uint64_t>{second->id, third->id});
  CHECK(queries.waiting() == 0);
  CHECK(queries.evaluating() == 0);
}

TEST_CASE_FIXTURE(OneTurn, "who gives up waiting leaves the turn to the next") {
  Result<void> ended, waited;
  std::thread gives_up([&] { ended = second->wait_for_turn(INT64_MAX); });
  while (queries.waiting() == 0) std::this_thread::yield();
  std::thread waits([&] { waited = third->wait_for_turn(INT64_MAX); });
  while (queries.waiting() == 1) std::this_thread::yield();
  CHECK(queries.cancel(second->id));
  gives_up.join();
  CHECK(ended.error().code == Code::kCancelled);
  CHECK(queries.waiting() == 1);
  first->give_turn_back();
  waits.join();
  CHECK(waited.ok());
  CHECK(queries.evaluating() == 1);
  CHECK(first->wait_for_turn(host.monotonic_ns() - 1).error().code == Code::kDeadlineExceeded);
}

TEST_CASE("a query ends inside of a function's call when somebody ends it, or its caller goes") {
  Bench bench(true);
  uint32_t gone = 0;
  Outcome outcome;
  std::thread client([&] { outcome = bench.ask("rate(m{number=\"1\"}[2m])", &gone, true); });
  while (bench.endless().begun == 0) std::this_thread::yield();
  SUBCASE("by number") { CHECK(bench.engine().cancel(1).ok()); }
  SUBCASE("the caller") { __atomic_store_n(&gone, 1, __ATOMIC_RELAXED); }
  client.join();
  CHECK(bench.endless().told_to_end == 1);
  CHECK(outcome.code == Code::kCancelled);
  CHECK(bench.running() == "[]");
}

}  // namespace
}  // namespace nightlight::test
