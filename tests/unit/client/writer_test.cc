#include "nightlight_client/writer.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <thread>

#include "fake_server.h"

namespace nightlight::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};

Client connect(const FakeServer& server) {
  auto client = Client::connect({.address = server.address()});
  REQUIRE(client.ok());
  return *client;
}

WriteSeries series(const std::string& name, std::vector<Sample> samples) {
  return {.labels = {{"__name__", name}, {"job", "j"}}, .samples = std::move(samples)};
}

// What the server has, by metric name, in the order of arrival.
std::map<std::string, std::vector<std::pair<int64_t, double>>> stored(FakeServer& server) {
  std::map<std::string, std::vector<std::pair<int64_t, double>>> out;
  for (const v1::WriteRequest& request : server.writes()) {
    for (const auto& one : request.series()) {
      auto& samples = out[request.symbols(static_cast<int>(one.label_refs(1)))];
      for (int i = 0; i < one.values_size(); ++i) samples.emplace_back(one.timestamps_ms(i), one.values(i));
    }
  }
  return out;
}

TEST_CASE("what was added is stored, each series in order, when flush returns") {
  FakeServer server;
  Writer writer(connect(server), {.max_batch_samples = 7, .lanes = 3});
  for (int i = 0; i < 100; ++i) {
    for (const char* name : {"a", "b", "c", "d"}) REQUIRE(writer.add(series(name, {{i, i * 0.5}})).ok());
  }
  REQUIRE(writer.flush(kPatience).ok());
  auto got = stored(server);
  REQUIRE(got.size() == 4);
  for (const auto& [name, samples] : got) {
    REQUIRE(samples.size() == 100);
    for (int i = 0; i < 100; ++i) CHECK(samples[static_cast<size_t>(i)] == std::pair<int64_t, double>(i, i * 0.5));
  }
  for (const v1::WriteRequest& request : server.writes()) CHECK(request.series_size() <= 7);
  WriterStats stats = writer.stats();
  CHECK(stats.added_samples == 400);
  CHECK(stats.written_samples == 400);
  CHECK(stats.queued_samples == 0);
  CHECK(stats.repeats == 0);
}

TEST_CASE("a batch that the server cannot take now is repeated, and stored once") {
  FakeServer server;
  grpc::Status busy(grpc::UNAVAILABLE, "stopping");
  server.answer_writes_with({busy, grpc::Status(grpc::RESOURCE_EXHAUSTED, "full"), busy});
  Writer writer(connect(server), {.lanes = 1, .min_backoff = milliseconds(1), .max_backoff = milliseconds(4)});
  REQUIRE(writer.add(series("a", {{1, 1}})).ok());
  REQUIRE(writer.flush(kPatience).ok());
  CHECK(stored(server)["a"].size() == 1);
  CHECK(writer.stats().repeats == 3);
  CHECK(writer.stats().lost_samples == 0);
}

TEST_CASE("a batch that the server refuses is lost, told once, and does not stop the next") {
  FakeServer server;
  server.answer_writes_with({grpc::Status(grpc::PERMISSION_DENIED, "no role writer")});
  std::mutex mutex;
  std::vector<BatchOutcome> outcomes;
  Writer writer(connect(server), {.lanes = 1, .on_batch = [&](const BatchOutcome& outcome) {
                                    std::lock_guard lock(mutex);
                                    outcomes.push_back(outcome);
                                  }});
  REQUIRE(writer.add(series("a", {{1, 1}, {2, 2}})).ok());
  auto flushed = writer.flush(kPatience);
  REQUIRE_FALSE(flushed.ok());
  CHECK(flushed.error().code == Code::kPermissionDenied);
  CHECK(writer.stats().lost_samples == 2);
  REQUIRE(writer.add(series("a", {{3, 3}})).ok());
  REQUIRE(writer.flush(kPatience).ok());
  REQUIRE(outcomes.size() == 2);
  CHECK_FALSE(outcomes[0].ack.has_value());
  CHECK(outcomes[0].batch.series[0].samples.size() == 2);
  CHECK(outcomes[1].ack->samples_written == 1);
}

TEST_CASE("a batch is given up when its time is over") {
  FakeServer server;
  server.answer_writes_with(std::deque<grpc::Status>(100'000, grpc::Status(grpc::UNAVAILABLE, "down")));
  Writer writer(
      connect(server),
      {.lanes = 1, .min_backoff = milliseconds(1), .max_backoff = milliseconds(2), .give_up_after = milliseconds(20)});
  REQUIRE(writer.add(series("a", {{1, 1}})).ok());
  CHECK(writer.flush(kPatience).error().code == Code::kUnavailable);
  CHECK(writer.stats().lost_samples == 1);
}

TEST_CASE("the queue is bounded: add refuses, or waits for room") {
  FakeServer server;
  server.hold_writes(true);
  Writer writer(connect(server), {.max_batch_samples = 2, .max_queued_samples = 4, .lanes = 1, .timeout = seconds(60)});
  for (int i = 0; i < 4; ++i) REQUIRE(writer.add(series("a", {{i, 1}})).ok());
  auto refused = writer.add(series("a", {{4, 1}}));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kResourceExhausted);
  CHECK(writer.flush(milliseconds(1)).error().code == Code::kDeadlineExceeded);
  std::thread opener([&] { server.hold_writes(false); });
  CHECK(writer.add(series("a", {{4, 1}}), kPatience).ok());
  opener.join();
  REQUIRE(writer.flush(kPatience).ok());
  CHECK(stored(server)["a"].size() == 5);
}

TEST_CASE("a series longer than a batch is sent in several") {
  FakeServer server;
  Writer writer(connect(server), {.max_batch_samples = 3, .lanes = 2});
  WriteSeries one = series("a", {});
  for (int i = 0; i < 10; ++i) one.samples.push_back({i, i + 0.25});
  one.start_timestamps_ms.assign(10, 5);
  one.exemplars.push_back({9, 1, {{"trace_id", "x"}}});
  REQUIRE(writer.add(one, kPatience).ok());
  REQUIRE(writer.flush(kPatience).ok());
  REQUIRE(stored(server)["a"].size() == 10);
  CHECK(stored(server)["a"][9] == std::pair<int64_t, double>(9, 9.25));
  auto writes = server.writes();
  CHECK(writes.size() == 4);
  CHECK(writes[3].series(0).exemplars_size() == 1);
  CHECK(writes[3].series(0).start_timestamps_ms_size() == 1);
}

TEST_CASE("metadata travels in order with the samples, or alone") {
  FakeServer server;
  Writer writer(connect(server), {});
  REQUIRE(writer.add(Metadata{"up", MetricKind::kGauge, "Whether it is.", ""}).ok());
  REQUIRE(writer.flush(kPatience).ok());
  auto writes = server.writes();
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].metadata(0).kind() == v1::METRIC_KIND_GAUGE);
  CHECK(writes[0].series_size() == 0);
}

TEST_CASE("a series that cannot be stored is refused before it is queued") {
  FakeServer server;
  Writer writer(connect(server), {});
  auto fault = [&](WriteSeries one) { return writer.add(std::move(one)).error().message; };
  CHECK(fault({.labels = {{"job", "a"}}, .samples = {{1, 1}}}) ==
        "series {job=\"a\"}: has no metric name (label __name__)");
  CHECK(fault({.labels = {{"__name__", "up"}, {"a", "1"}, {"a", "2"}}, .samples = {{1, 1}}}) ==
        "series up{a=\"1\",a=\"2\"}: label \"a\" is given twice");
  CHECK(fault(series("up", {})) == "series up{job=\"j\"}: has no samples");
  WriteSeries uneven = series("up", {{1, 1}});
  uneven.start_timestamps_ms = {1, 2};
  CHECK(fault(uneven) == "series up{job=\"j\"}: start_timestamps_ms must be empty or as long as samples");
  CHECK(writer.stats().added_samples == 0);
}

TEST_CASE("a writer ends while its server is away") {
  auto client = Client::connect({.address = "127.0.0.1:1"});
  Writer writer(*client, {.max_batch_age = milliseconds(1)});
  REQUIRE(writer.add(series("a", {{1, 1}})).ok());
  CHECK(writer.flush(milliseconds(20)).error().code == Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace nightlight::client
