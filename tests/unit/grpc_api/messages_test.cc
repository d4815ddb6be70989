#include "grpc_api/messages.h"

#include <doctest/doctest.h>

#include "grpc_api/certificate.h"
#include "nightlight/sugar.h"
#include "nightlight/v1/nightlight.pb.h"

namespace nightlight::grpc_api {
namespace {

v1::WriteRequest one_series() {
  v1::WriteRequest request;
  for (const char* symbol : {"", "__name__", "up", "job", "a"}) request.add_symbols(symbol);
  auto* series = request.add_series();
  for (uint32_t ref : {3u, 4u, 1u, 2u}) series->add_label_refs(ref);
  series->add_timestamps_ms(1000);
  series->add_values(0.5);
  return request;
}

TEST_CASE("a write becomes columns with sorted labels") {
  v1::WriteRequest request = one_series();
  auto* second = request.add_series();
  for (uint32_t ref : {1u, 4u, 3u, 0u}) second->add_label_refs(ref);  // job="" is no label.
  second->add_timestamps_ms(7);
  second->add_timestamps_ms(8);
  second->add_values(1);
  second->add_values(2);
  DecodedWrite decoded;
  REQUIRE(decoded.decode(request).ok());
  WriteBatch batch = decoded.batch(nullptr);
  REQUIRE(batch.series_count == 2);
  REQUIRE(batch.label_ends[0] == 2);
  CHECK(view(batch.labels[0].name) == "__name__");
  CHECK(view(batch.labels[1].value) == "a");
  CHECK(batch.label_ends[1] == 3);
  CHECK(batch.sample_ends[0] == 1);
  CHECK(batch.sample_ends[1] == 3);
  CHECK(batch.timestamps_ms[2] == 8);
  CHECK(batch.values[2] == 2);
}

TEST_CASE("a write whose parts do not fit together is refused, naming the series") {
  auto fault = [](auto&& change) {
    v1::WriteRequest request = one_series();
    change(request);
    DecodedWrite decoded;
    auto result = decoded.decode(request);
    return result.ok() ? std::string("accepted") : result.error().message;
  };
  CHECK(fault([](auto&) {}) == "accepted");
  CHECK(fault([](auto& r) { r.mutable_series(0)->add_label_refs(1); }) ==
        "series 0: label_refs has an odd number of entries");
  CHECK(fault([](auto& r) { r.mutable_series(0)->set_label_refs(0, 99); }) ==
        "series 0: label_refs names symbol 99 of 5");
  CHECK(fault([](auto& r) { r.mutable_series(0)->set_label_refs(0, 1); }) ==
        "series 0: label \"__name__\" is given twice");
  CHECK(fault([](auto& r) { r.mutable_series(0)->add_values(1); }) == "series 0: 1 timestamps for 2 values");
  CHECK(fault([](auto& r) { r.mutable_series(0)->set_label_refs(2, 3), r.mutable_series(0)->set_label_refs(0, 4); }) ==
        "series 0: has no metric name (label __name__)");
}

TEST_CASE("times of a series travel as distances") {
  const int64_t times[] = {1700000000000, 1700000015000, 1700000030001};
  const double values[] = {1, 2, 3};
  ResultSeries series{};
  series.struct_size = sizeof series;
  series.timestamps_ms = view_of(times);
  series.values = view_of(values);
  v1::Series message;
  encode_samples(series, &message);
  REQUIRE(message.timestamp_deltas_ms_size() == 3);
  CHECK(message.timestamp_deltas_ms(0) == 1700000000000);
  CHECK(message.timestamp_deltas_ms(1) == 15000);
  CHECK(message.timestamp_deltas_ms(2) == 15001);
}

TEST_CASE("a symbol is written once a message") {
  v1::SeriesBatch batch;
  SymbolWriter symbols(&batch);
  CHECK(symbols(str("a")) == 0);
  CHECK(symbols(str("b")) == 1);
  CHECK(symbols(str("a")) == 0);
  CHECK(batch.symbols_size() == 2);
}

TEST_CASE("a symbol that is no UTF-8 is made one: the message could not be read") {
  v1::SeriesBatch batch, read;
  SymbolWriter symbols(&batch);
  CHECK(symbols(str("\xff")) == 0);
  REQUIRE(read.ParseFromString(batch.SerializeAsString()));
  CHECK(read.symbols(0) == "\xef\xbf\xbd");
}

TEST_CASE("text that is no certificate is none") {
  CHECK_FALSE(read_certificate("").has_value());
  CHECK_FALSE(read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").has_value());
  CHECK(split_crls("garbage").empty());
}

}  // namespace
}  // namespace nightlight::grpc_api
