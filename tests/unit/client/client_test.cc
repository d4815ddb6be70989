#include "nightlight_client/client.h"

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "fake_server.h"

namespace nightlight::client {
namespace {

Client connect(const FakeServer& server) {
  auto client = Client::connect({.address = server.address()});
  REQUIRE(client.ok());
  return *client;
}

v1::QueryChunk header(v1::ResultType type) {
  v1::QueryChunk chunk;
  chunk.mutable_header()->set_type(type);
  return chunk;
}

v1::QueryChunk batch_of(std::vector<int64_t> deltas, std::vector<double> values, bool continued = false) {
  v1::QueryChunk chunk;
  auto* batch = chunk.mutable_batch();
  auto* series = batch->add_series();
  series->set_continued(continued);
  if (!continued) {
    for (const char* symbol : {"__name__", "up", "job", "a b"}) batch->add_symbols(symbol);
    for (uint32_t ref : {0u, 1u, 2u, 3u}) series->add_label_refs(ref);
  }
  for (int64_t delta : deltas) series->add_timestamp_deltas_ms(delta);
  for (double value : values) series->add_values(value);
  return chunk;
}

v1::QueryChunk trailer() {
  v1::QueryChunk chunk;
  chunk.mutable_trailer()->add_warnings("w");
  chunk.mutable_trailer()->mutable_stats()->set_samples_read(7);
  return chunk;
}

const double kStale = [] {
  uint64_t bits = 0x7ff0000000000002;
  double out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}();

TEST_CASE("a streamed answer comes in parts, and its pieces belong to the series before them") {
  FakeServer server;
  server.chunks = {header(v1::RESULT_TYPE_MATRIX), batch_of({1000, 500}, {1, kStale}), batch_of({2000}, {3}, true),
                   trailer()};
  auto stream = connect(server).query_stream({.query = "up", .range = TimeRange{1000, 2000, 500}, .stats = true});
  REQUIRE(stream.ok());
  CHECK(stream->type() == ResultType::kMatrix);
  auto first = stream->next();
  REQUIRE(first.ok());
  REQUIRE(first->size() == 1);
  CHECK(to_string((*first)[0].labels) == "up{job=\"a b\"}");
  CHECK((*first)[0].samples[1].timestamp_ms == 1500);
  CHECK(std::memcmp(&(*first)[0].samples[1].value, &kStale, sizeof kStale) == 0);
  auto second = stream->next();
  REQUIRE(second.ok());
  CHECK((*second)[0].labels == (*first)[0].labels);
  CHECK((*second)[0].samples[0].timestamp_ms == 2000);
  auto last = stream->next();
  REQUIRE(last.ok());
  CHECK(last->empty());
  CHECK(stream->summary().warnings == std::vector<std::string>{"w"});
  CHECK(stream->summary().stats.samples_read == 7);
  CHECK(server.last_query().range().step_ms() == 500);
  CHECK(server.last_query().stats());

  auto whole = connect(server).query({.query = "up"});
  REQUIRE(whole.ok());
  REQUIRE(whole->series.size() == 1);
  CHECK(whole->series[0].samples.size() == 3);
}

TEST_CASE("errors carry code, text, the HTTP API's type and the pause that the server asks for") {
  FakeServer server;
  v1::ErrorInfo info;
  info.set_error_type("bad_data");
  v1::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  v1::StatusDetails details;
  details.add_details()->PackFrom(info);
  details.add_details()->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  details.mutable_details(1)->set_value(retry.SerializeAsString());
  server.end = grpc::Status(grpc::INVALID_ARGUMENT, "1:3: parse error", details.SerializeAsString());
  auto answer = connect(server).query({.query = "up{"});
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kInvalidArgument);
  CHECK(answer.error().text() == "INVALID_ARGUMENT: 1:3: parse error");
  CHECK(answer.error().error_type == "bad_data");
  CHECK(answer.error().retry_after_ms == 1250);
  CHECK_FALSE(answer.error().may_succeed_later());
}

TEST_CASE("an answer that contradicts itself is an error") {
  FakeServer server;
  Client client = connect(server);
  auto fault = [&](v1::QueryChunk chunk) {
    server.chunks = {header(v1::RESULT_TYPE_VECTOR), std::move(chunk), trailer()};
    auto answer = client.query({.query = "up"});
    return answer.ok() ? std::string("accepted") : answer.error().message;
  };
  CHECK(fault(batch_of({1}, {1})) == "accepted");
  CHECK(fault(batch_of({1, 2}, {1})) == "the server's answer contradicts itself: more values than times");
  v1::QueryChunk chunk = batch_of({1}, {1});
  chunk.mutable_batch()->mutable_series(0)->set_label_refs(3, 4);
  CHECK(fault(chunk) == "the server's answer contradicts itself: a reference beyond the symbols");
  chunk.mutable_batch()->mutable_series(0)->mutable_label_refs()->RemoveLast();
  CHECK(fault(chunk) == "the server's answer contradicts itself: an odd number of label_refs");
  server.chunks = {trailer()};
  CHECK_FALSE(client.query({.query = "up"}).ok());
  server.chunks = {header(v1::RESULT_TYPE_VECTOR)};
  CHECK_FALSE(client.query({.query = "up"}).ok());
}

TEST_CASE("a stream that is dropped before its end is cancelled on the server") {
  FakeServer server;
  server.chunks = {header(v1::RESULT_TYPE_MATRIX), batch_of({1}, {1})};
  server.endless();
  {
    // So long a deadline that it is not what ends the call.
    auto stream = connect(server).query_stream({.query = "up"}, {.timeout = std::chrono::hours(1)});
    REQUIRE(stream.ok());
    REQUIRE(stream->next().ok());
  }
  CHECK(server.saw_cancel());
}

TEST_CASE("the label sets of series are a stream") {
  FakeServer server;
  server.batches = {batch_of({}, {}).batch(), batch_of({}, {}).batch()};
  auto stream = connect(server).series({.match = {"up"}});
  REQUIRE(stream.ok());
  auto all = stream->all();
  REQUIRE(all.ok());
  REQUIRE(all->size() == 2);
  CHECK((*all)[1][1] == Label{"job", "a b"});
}

TEST_CASE("running queries are read from the server's list") {
  FakeServer server;
  server.running_json = R"([{"id":12,"query":"up","client":"me","startMs":1700000000123,"elapsedSeconds":0.5}])";
  auto running = connect(server).running_queries();
  REQUIRE(running.ok());
  REQUIRE(running->size() == 1);
  CHECK((*running)[0].id == 12);
  CHECK((*running)[0].query == "up");
  CHECK((*running)[0].client == "me");
  CHECK((*running)[0].start_ms == 1700000000123);
  CHECK((*running)[0].elapsed_s == 0.5);
  server.running_json = "{";
  CHECK_FALSE(connect(server).running_queries().ok());
}

TEST_CASE("a server that is not there is told as such, and at once") {
  auto client = Client::connect({.address = "127.0.0.1:1"});
  REQUIRE(client.ok());
  auto answer = client->query({.query = "up"});
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Code::kUnavailable);
  CHECK(answer.error().may_succeed_later());
}

TEST_CASE("TLS files that cannot be are refused before anything is sent") {
  auto fault = [](TlsOptions tls) {
    auto client = Client::connect({.address = "localhost:1", .tls = std::move(tls)});
    return client.ok() ? std::string("accepted") : client.error().message;
  };
  CHECK(fault({}) == "accepted");
  CHECK(fault({.ca_file = "/nonexistent/ca.crt"}) ==
        "cannot read ca_file /nonexistent/ca.crt: No such file or directory");
  CHECK(fault({.cert_file = "me.crt"}) == "a client certificate needs both a certificate and a key");
  CHECK(fault({.ca_file = "/dev/null"}) == "ca_file /dev/null is not PEM");
  CHECK_FALSE(Client::connect({.address = ""}).ok());
}

TEST_CASE("label sets print as PromQL reads them") {
  CHECK(to_string({}) == "{}");
  CHECK(to_string({{"__name__", "up"}}) == "up");
  CHECK(to_string({{"__name__", "a:b"}, {"x", "q\"\\\n"}}) == "a:b{x=\"q\\\"\\\\\\n\"}");
  CHECK(to_string({{"__name__", "with space"}, {"le.gal", "1"}}) == "{\"with space\",\"le.gal\"=\"1\"}");
  CHECK(to_string({{"job", "a"}}) == "{job=\"a\"}");
}

}  // namespace
}  // namespace nightlight::client
