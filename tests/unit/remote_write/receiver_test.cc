#include "remote_write/receiver.h"

#include <doctest/doctest.h>
#include <snappy.h>
#include <zstd.h>

#include <cmath>
#include <limits>

#include "fake_sink.h"
#include "fakes/host.h"
#include "fakes/http.h"
#include "remote_write_v1.pb.h"
#include "remote_write_v2.pb.h"

namespace nightlight::remote_write {
namespace {

namespace v1 = nightlight::remote_write_v1;
namespace v2 = nightlight::remote_write_v2;
constexpr char kV2Type[] = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

struct Fixture {
  explicit Fixture(ReceiverOptions options = {}) : receiver(&host, &sink, &metrics, options) {
    REQUIRE(metrics.configure(&host).ok());
  }

  uint32_t post_raw(const std::string& body, std::map<std::string, std::string> headers = {},
                    Code body_code = Code::kOk) {
    fakes::FakeRequest request;
    request.method_ = kPost;
    request.body_ = body;
    request.headers_ = std::move(headers);
    request.body_code_ = body_code;
    response = {};
    receiver.handle(&request, &response);
    return response.status_;
  }
  uint32_t post_message(const std::string& message, const std::string& type = "application/x-protobuf") {
    std::string body;
    snappy::Compress(message.data(), message.size(), &body);
    return post_raw(body, {{"Content-Encoding", "snappy"}, {"Content-Type", type}});
  }
  uint32_t post(const v1::WriteRequest& request) { return post_message(request.SerializeAsString()); }
  uint32_t post(const v2::Request& request) { return post_message(request.SerializeAsString(), kV2Type); }

  fakes::FakeHost host;
  fakes::FakeSink sink;
  Metrics metrics{};
  Receiver receiver;
  fakes::FakeResponse response;
};

v1::TimeSeries* add_series(v1::WriteRequest& request, std::vector<std::pair<std::string, std::string>> labels) {
  auto* series = request.add_timeseries();
  for (auto& [name, value] : labels) {
    auto* label = series->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  return series;
}

void add_sample(v1::TimeSeries* series, int64_t time, double value) {
  auto* sample = series->add_samples();
  sample->set_timestamp(time);
  sample->set_value(value);
}

v1::WriteRequest one_sample() {
  v1::WriteRequest request;
  add_sample(add_series(request, {{"__name__", "up"}, {"job", "x"}}), 1000, 1.5);
  return request;
}

TEST_CASE("a 1.0 request is stored and answered with 204 and no headers of 2.0") {
  Fixture f;
  CHECK(f.post(one_sample()) == 204);
  CHECK(f.response.body_.empty());
  CHECK(f.response.headers_.empty());
  REQUIRE(f.sink.rows.size() == 1);
  CHECK(f.sink.rows[0].labels == R"({__name__="up", job="x"})");
  CHECK(f.sink.rows[0].times == std::vector<int64_t>{1000});
  CHECK(f.sink.rows[0].values == std::vector<double>{1.5});
  CHECK(f.sink.flags == kAllOrNothing);
  CHECK(f.host.count("nightlight_remote_write_samples_total,protocol=1.0") == 1);
}

TEST_CASE("requests are counted for who sent them") {
  Fixture f;
  auto count = [&](const std::string& what) {
    return f.host.count("nightlight_remote_write_sender_" + what + "_total,sender=127.0.0.1");
  };
  CHECK(f.post(one_sample()) == 204);
  CHECK(f.post_raw("abc", {{"Content-Encoding", "gzip"}}) == 415);
  CHECK(count("requests") == 2);
  CHECK(count("failed_requests") == 1);
  CHECK(count("samples") == 1);
}

TEST_CASE("checks come in Prometheus' order with its statuses and texts") {
  Fixture f;
  std::string empty(1, '\0');
  CHECK(f.post_raw("abc", {{"Content-Encoding", "gzip"}}) == 415);
  CHECK(f.post_raw("", {}, Code::kResourceExhausted) == 413);
  CHECK(f.post_raw("abc", {{"Content-Type", "text/plain"}}) == 400);
  CHECK(f.response.body_ == "s2: corrupt input\n");
  CHECK(f.response.headers_["Content-Type"] == "text/plain; charset=utf-8");
  CHECK(f.post_raw("\xff\xff\xff\x7f\n\x05") == 400);
  CHECK(f.response.body_ == "decoded size exceeds the 33554432 bytes limit\n");
  CHECK(f.post_raw(empty, {{"Content-Type", "text/plain"}}) == 415);
  CHECK(f.response.body_ == "expected application/x-protobuf as the first (media) part, got text/plain content-type\n");
  CHECK(f.post_raw(empty, {{"Content-Type", "application/x-protobuf;proto=foo"}}) == 415);
  CHECK(f.response.body_ ==
        "got application/x-protobuf;proto=foo content type; unknown type for remote write protobuf message foo, "
        "supported: "
        "prometheus.WriteRequest, io.prometheus.write.v2.Request\n");
  CHECK(f.post_raw(empty, {{"Content-Type", "application/x-protobuf;proto"}}) == 415);
  CHECK(f.post_raw(empty, {{"Content-Type", "application/x-protobuf; proto=foo"}}) == 204);
  CHECK(f.post_raw(empty, {}) == 204);
  CHECK(f.post_raw(empty, {{"Content-Type", kV2Type}}) == 204);
  CHECK(f.response.headers_["X-Prometheus-Remote-Write-Samples-Written"] == "0");
  CHECK(f.post_message("\n\5") == 400);
  CHECK(f.sink.appends == 0);
}

TEST_CASE("zstd bodies are taken, with and without a declared size") {
  Fixture f;
  std::string message = one_sample().SerializeAsString();
  std::string body(ZSTD_compressBound(message.size()), '\0');
  body.resize(ZSTD_compress(body.data(), body.size(), message.data(), message.size(), 1));
  CHECK(f.post_raw(body, {{"Content-Encoding", "zstd"}}) == 204);

  ZSTD_CCtx* stream = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(stream, ZSTD_c_contentSizeFlag, 0);
  body.assign(ZSTD_compressBound(message.size()), '\0');
  body.resize(ZSTD_compress2(stream, body.data(), body.size(), message.data(), message.size()));
  ZSTD_freeCCtx(stream);
  CHECK(f.post_raw(body, {{"Content-Encoding", "zstd"}}) == 204);
  CHECK(f.sink.rows.size() == 2);
  CHECK(f.post_raw(body.substr(0, body.size() - 3), {{"Content-Encoding", "zstd"}}) == 400);
}

TEST_CASE("a known series is named by its bytes alone, and spelled out again when refs grew stale") {
  Fixture f;
  f.post(one_sample());
  f.sink.on_append = [](const WriteBatch& batch, AppendResult&) {
    CHECK(batch.labels.empty());
    CHECK(batch.refs[0] == 1);
  };
  CHECK(f.post(one_sample()) == 204);
  f.sink.on_append = nullptr;
  f.sink.stale = true;
  CHECK(f.post(one_sample()) == 204);
  CHECK(f.sink.rows.size() == 3);
  CHECK(f.sink.rows[2].labels == R"({__name__="up", job="x"})");
}

TEST_CASE("labels are sorted, empty ones removed, and invalid series of 1.0 skipped silently") {
  Fixture f;
  v1::WriteRequest request;
  add_sample(add_series(request, {{"z", "1"}, {"a", ""}, {"__name__", "good"}}), 1, 1);
  add_sample(add_series(request, {{"job", "no name"}}), 1, 2);
  add_sample(add_series(request, {{"__name__", ""}}), 1, 3);
  add_sample(add_series(request, {{"__name__", "x"}, {"bad\xff", "v"}}), 1, 4);
  add_sample(add_series(request, {{"__name__", "x"}, {"a", "\xff"}}), 1, 5);
  add_sample(add_series(request, {{"__name__", "x"}, {"a", "1"}, {"a", "1"}}), 1, 6);
  add_sample(add_series(request, {{"__name__", "x"}, {"", "v"}}), 1, 7);
  add_sample(add_series(request, {}), 1, 8);
  add_sample(add_series(request, {{"__name__", "dotted.name"}, {"\xc3\xa9", "v"}}), 1, 9);
  CHECK(f.post(request) == 204);
  REQUIRE(f.sink.rows.size() == 2);
  CHECK(f.sink.rows[0].labels == R"({__name__="good", z="1"})");
  CHECK(f.sink.rows[1].values == std::vector<double>{9});
  CHECK(f.host.count("nightlight_remote_write_invalid_labels_samples_total,protocol=1.0") == 7);
}

TEST_CASE("a sample too far in the future rejects a whole 1.0 request") {
  Fixture f;
  v1::WriteRequest request = one_sample();
  add_sample(add_series(request, {{"__name__", "late"}}), f.host.time_ms + 600'001, 1);
  CHECK(f.post(request) == 400);
  CHECK(f.response.body_ == "out of bounds: timestamp is too far in the future\n");
  CHECK(f.sink.appends == 0);
  request.mutable_timeseries(1)->mutable_samples(0)->set_timestamp(f.host.time_ms + 600'000);
  CHECK(f.post(request) == 204);
}

TEST_CASE("what the sink says becomes 400, 429, 503 or 500") {
  Fixture f;
  struct {
    Code code;
    uint32_t status;
    bool later;
  } cases[] = {{Code::kResourceExhausted, 429, true},
               {Code::kUnavailable, 503, true},
               {Code::kDeadlineExceeded, 503, true},
               {Code::kInternal, 500, false},
               {Code::kDataLoss, 500, false}};
  for (auto& c : cases) {
    f.sink.code = c.code;
    CAPTURE(c.status);
    CHECK(f.post(one_sample()) == c.status);
    CHECK((f.response.headers_.count("Retry-After") == 1) == c.later);
  }
  f.sink.code = Code::kOk;
  f.sink.on_append = [](const WriteBatch&, AppendResult& result) {
    result.samples_written = 0;
    result.rejections->rejected(0, RejectReason::kOutOfOrder, str("out of order sample"));
  };
  CHECK(f.post(one_sample()) == 400);
  CHECK(f.response.body_ == "out of order sample\n");
  f.sink.on_append = [](const WriteBatch&, AppendResult& result) {
    result.rejections->rejected(0, RejectReason::kInvalidExemplar, str("out of order exemplar"));
  };
  CHECK(f.post(one_sample()) == 204);
}

TEST_CASE("samples that are not finite are stored, dropped or refused; staleness markers always stay") {
  v1::WriteRequest request;
  double stale;
  std::memcpy(&stale, &kStaleNaNBits, sizeof stale);
  auto* series = add_series(request, {{"__name__", "x"}});
  add_sample(series, 1, std::numeric_limits<double>::quiet_NaN());
  add_sample(series, 2, 1);
  add_sample(series, 3, std::numeric_limits<double>::infinity());
  add_sample(series, 4, stale);
  {
    Fixture f;
    CHECK(f.post(request) == 204);
    CHECK(f.sink.rows[0].times == std::vector<int64_t>{1, 2, 3, 4});
    CHECK(std::memcmp(&f.sink.rows[0].values[3], &kStaleNaNBits, 8) == 0);
  }
  ReceiverOptions options;
  options.non_finite = NonFinite::kDrop;
  {
    Fixture f(options);
    CHECK(f.post(request) == 204);
    CHECK(f.sink.rows[0].times == std::vector<int64_t>{2, 4});
  }
  options.non_finite = NonFinite::kReject;
  {
    Fixture f(options);
    CHECK(f.post(request) == 400);
    CHECK(f.response.body_.find(R"({__name__="x"})") != std::string::npos);
    CHECK(f.sink.rows[0].times == std::vector<int64_t>{2, 4});
  }
}

TEST_CASE("series beyond the limits of labels are refused and named, the others stored") {
  ReceiverOptions options;
  options.limits = {2, 10, 5};
  Fixture f(options);
  v1::WriteRequest request;
  add_sample(add_series(request, {{"__name__", "ok"}}), 1, 1);
  add_sample(add_series(request, {{"__name__", "x"}, {"a", "1"}, {"b", "1"}}), 1, 1);
  add_sample(add_series(request, {{"__name__", "toolong"}}), 1, 1);
  CHECK(f.post(request) == 400);
  CHECK(f.response.body_ ==
        "3 labels, more than 2 for series {__name__=\"x\", a=\"1\", b=\"1\"}\nlabel value of 7 bytes, more than 5 for "
        "series "
        "{__name__=\"toolong\"}\n");
  CHECK(f.sink.rows.size() == 1);
}

// Symbols: 0 "", then as given.
v2::Request v2_request(std::vector<std::string> symbols) {
  v2::Request request;
  request.add_symbols("");
  for (auto& symbol : symbols) request.add_symbols(symbol);
  return request;
}

v2::TimeSeries* add_series(v2::Request& request, std::vector<uint32_t> refs, int64_t time, double value) {
  auto* series = request.add_timeseries();
  for (uint32_t ref : refs) series->add_labels_refs(ref);
  auto* sample = series->add_samples();
  sample->set_timestamp(time);
  sample->set_value(value);
  return series;
}

TEST_CASE("a 2.0 request stores its good parts and tells the bad ones in Prometheus' words") {
  Fixture f;
  v2::Request request = v2_request({"__name__", "up", "job", "x"});
  add_series(request, {1, 2, 3, 4}, 1000, 1)->mutable_samples(0)->set_start_timestamp(5);
  add_series(request, {1, 2, 3}, 1000, 2);
  add_series(request, {1, 9}, 1000, 3);
  add_series(request, {3, 4}, 1000, 4);
  add_series(request, {1, 2, 1, 2}, 1000, 5);
  add_series(request, {1, 2}, f.host.time_ms + 600'001, 6);
  request.add_timeseries()->add_labels_refs(1);
  request.mutable_timeseries(6)->add_labels_refs(2);
  add_series(request, {1, 4}, 1000, 7);
  CHECK(f.post(request) == 400);
  CHECK(f.response.body_ ==
        "parsing labels for series [1 2 3]: invalid labelRefs length 3\n"
        "parsing labels for series [1 9]: labelRefs 1 (name) = 9 (value) outside of symbols table (size 5)\n"
        "TimeSeries must contain at least one sample or histogram for series {__name__=\"up\"}\n"
        "out of bounds: timestamp is too far in the future for series {__name__=\"up\"}\n"
        "invalid metric name or labels, got {job=\"x\"}\n"
        "invalid labels for series, labels {__name__=\"up\", __name__=\"up\"}, duplicated label __name__\n");
  CHECK(f.response.headers_["X-Prometheus-Remote-Write-Samples-Written"] == "2");
  CHECK(f.response.headers_["X-Prometheus-Remote-Write-Histograms-Written"] == "0");
  CHECK(f.response.headers_["X-Prometheus-Remote-Write-Exemplars-Written"] == "0");
  REQUIRE(f.sink.rows.size() == 2);
  CHECK(f.sink.rows[0].starts == std::vector<int64_t>{5});
  CHECK(f.sink.rows[1].labels == R"({__name__="x"})");
  CHECK(f.sink.flags == 0);
}

TEST_CASE("metadata, exemplars and histograms of 2.0 reach the sink") {
  Fixture f;
  v2::Request request = v2_request({"__name__", "lat_bucket", "le", "1", "the help", "seconds", "trace_id", "abc"});
  auto* series = add_series(request, {1, 2, 3, 4}, 1000, 1);
  series->mutable_metadata()->set_type(3);
  series->mutable_metadata()->set_help_ref(5);
  series->mutable_metadata()->set_unit_ref(6);
  auto* late = series->add_exemplars();
  late->add_labels_refs(7);
  late->add_labels_refs(8);
  late->set_timestamp(20);
  series->add_exemplars()->set_timestamp(10);
  auto* histogram = series->add_histograms();
  histogram->set_count_int(3);
  histogram->set_zero_count_int(1);
  histogram->set_start_timestamp(77);
  histogram->add_positive_deltas(-4);
  histogram->add_positive_spans()->set_offset(-2);
  CHECK(f.post(request) == 204);
  CHECK(f.sink.metadata == std::vector<std::string>{"lat/3/the help/seconds"});
  CHECK(f.sink.exemplars == std::vector<std::string>{"0{}@10", "0{trace_id=\"abc\"}@20"});
  REQUIRE(f.sink.rows[0].histograms.size() == 1);
  CHECK(f.sink.rows[0].histograms[0].count_int == 3);
  CHECK(f.sink.rows[0].histograms[0].start_timestamp_ms == 77);
  CHECK(f.response.headers_["X-Prometheus-Remote-Write-Histograms-Written"] == "1");
}

TEST_CASE("a body of the other protocol is named as such") {
  Fixture f;
  CHECK(f.post_message(one_sample().SerializeAsString(), kV2Type) == 400);
  CHECK(f.response.body_.find("is a prometheus.WriteRequest") != std::string::npos);
  v2::Request request = v2_request({"__name__", "up"});
  add_series(request, {1, 2}, 1, 1);
  CHECK(f.post_message(request.SerializeAsString()) == 400);
  CHECK(f.response.body_.find("is an io.prometheus.write.v2.Request") != std::string::npos);
}

}  // namespace
}  // namespace nightlight::remote_write
