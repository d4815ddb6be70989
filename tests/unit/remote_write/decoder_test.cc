#include <doctest/doctest.h>

#include <random>

#include "oracle.h"

namespace nightlight::remote_write {
namespace {

namespace v1 = nightlight::remote_write_v1;
namespace v2 = nightlight::remote_write_v2;

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t below(uint64_t n) { return engine_() % n; }
  int64_t integer() { return static_cast<int64_t>(engine_() >> below(64)) * (below(2) == 0 ? 1 : -1); }
  double real() {
    uint64_t bits = engine_();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  std::string text() {
    std::string out(below(below(10) == 0 ? 300 : 12), '\0');
    for (char& c : out) c = static_cast<char>(below(256));
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

void fill(Random& random, v1::Histogram* h) {
  if (random.below(2) == 0) {
    h->set_count_int(static_cast<uint64_t>(random.integer()));
    h->set_zero_count_int(random.below(9));
  } else {
    h->set_count_float(random.real());
    h->set_zero_count_float(random.real());
  }
  h->set_sum(random.real());
  h->set_schema(static_cast<int32_t>(random.integer()));
  h->set_zero_threshold(random.real());
  h->set_reset_hint(static_cast<int32_t>(random.below(4)));
  h->set_timestamp(random.integer());
  for (uint64_t n = random.below(4); n > 0; --n) {
    auto* span = random.below(2) == 0 ? h->add_positive_spans() : h->add_negative_spans();
    span->set_offset(static_cast<int32_t>(random.integer()));
    span->set_length(static_cast<uint32_t>(random.below(9)));
    h->add_positive_deltas(random.integer());
    h->add_negative_deltas(random.integer());
    h->add_positive_counts(random.real());
    h->add_negative_counts(random.real());
    h->add_custom_values(random.real());
  }
}

v1::WriteRequest random_v1(Random& random) {
  v1::WriteRequest request;
  for (uint64_t n = random.below(6); n > 0; --n) {
    auto* series = request.add_timeseries();
    for (uint64_t k = random.below(5); k > 0; --k) {
      auto* label = series->add_labels();
      label->set_name(random.text());
      label->set_value(random.text());
    }
    for (uint64_t k = random.below(4); k > 0; --k) {
      auto* sample = series->add_samples();
      sample->set_value(random.real());
      sample->set_timestamp(random.integer());
    }
    if (random.below(3) == 0) fill(random, series->add_histograms());
    if (random.below(3) == 0) series->add_exemplars()->set_value(1);
  }
  if (random.below(3) == 0) request.add_metadata()->set_help(random.text());
  return request;
}

v2::Request random_v2(Random& random) {
  v2::Request request;
  uint64_t symbols = random.below(9);
  for (uint64_t i = 0; i < symbols; ++i) request.add_symbols(random.text());
  for (uint64_t n = random.below(6); n > 0; --n) {
    auto* series = request.add_timeseries();
    for (uint64_t k = random.below(3) * 2; k > 0; --k)
      series->add_labels_refs(static_cast<uint32_t>(random.below(symbols + 1)));
    for (uint64_t k = random.below(4); k > 0; --k) {
      auto* sample = series->add_samples();
      sample->set_value(random.real());
      sample->set_timestamp(random.integer());
      if (random.below(2) == 0) sample->set_start_timestamp(random.integer());
    }
    if (random.below(3) == 0) fill(random, series->add_histograms());
    if (random.below(3) == 0)
      series->mutable_metadata()->set_help_ref(static_cast<uint32_t>(random.below(symbols + 1)));
  }
  return request;
}

// Damage that a network or a bad sender does.
std::string mutated(Random& random, std::string bytes) {
  for (uint64_t n = random.below(4) + 1; n > 0 && !bytes.empty(); --n) {
    size_t at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes.erase(at, random.below(5) + 1);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(40)));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

template <class Message, class Make>
void compare(uint64_t seed, Make make) {
  Random random(seed);
  int whole = 0, damaged = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = make(random).SerializeAsString();
    bool accepted = false;
    std::string difference = disagreement<Message>(bytes, &accepted);
    REQUIRE_MESSAGE(difference.empty(), difference);
    REQUIRE(accepted);
    whole += accepted;
    difference = disagreement<Message>(mutated(random, bytes), &accepted);
    REQUIRE_MESSAGE(difference.empty(), difference);
    damaged += accepted;
  }
  CHECK(whole == 3000);
  CHECK(damaged > 100);  // The comparison of damaged messages compares something.
}

TEST_CASE("1.0 messages are read as protobuf reads them") { compare<v1::WriteRequest>(1, random_v1); }
TEST_CASE("2.0 messages are read as protobuf reads them") { compare<v2::Request>(2, random_v2); }

TEST_CASE("metadata that a series has twice is merged") {
  v2::Request request;
  request.add_symbols("");
  request.add_symbols("help");
  auto* series = request.add_timeseries();
  series->add_samples()->set_timestamp(5);
  series->mutable_metadata()->set_help_ref(7);  // Outside of the symbols: the series is left out.
  std::string twice = series->SerializeAsString();
  series->mutable_metadata()->Clear();
  series->mutable_metadata()->set_unit_ref(1);
  v2::TimeSeries second;
  *second.mutable_metadata() = series->metadata();
  twice += second.SerializeAsString();
  request.clear_timeseries();
  std::string bytes = request.SerializeAsString() + "\x2a" + std::string(1, static_cast<char>(twice.size())) + twice;
  bool accepted = false;
  CHECK(disagreement<v2::Request>(bytes, &accepted) == "");
  CHECK(accepted);
  Columns columns;
  V2Faults faults;
  REQUIRE(decode_v2(bytes, {}, columns, faults).ok());
  REQUIRE(faults.texts.size() == 1);
}

TEST_CASE("labels behind the samples make the same series, under a key of the other form") {
  v1::TimeSeries series;
  series.add_labels()->set_name("b");
  series.mutable_labels(0)->set_value("2");
  v1::TimeSeries sample;
  sample.add_samples()->set_timestamp(5);
  std::string body = sample.SerializeAsString() + series.SerializeAsString();
  std::string bytes = "\n" + std::string(1, static_cast<char>(body.size())) + body;
  Columns columns;
  REQUIRE(decode_v1(bytes, {}, columns).ok());
  REQUIRE(columns.keys.size() == 1);
  CHECK(view(columns.keys[0])[0] == kCanonicalForm);
  CHECK(describe_key(columns.keys[0]) == "{62=32,}");  // In hexadecimal.
}

}  // namespace
}  // namespace nightlight::remote_write
