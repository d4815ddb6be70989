// What a range answer costs to write as JSON, without a server: the same values as prometheus.go, a line of JSON for
// each shape of values.
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "model/labels.h"
#include "prometheus_api/json_writer.h"

namespace {

using namespace nightlight;
using prometheus_api::JsonWriter;

constexpr size_t kSeries = 100, kSteps = 720, kRounds = 100;

// Counts what is sent.
class Counter final : public HttpResponse {
 public:
  void set_status(uint32_t) noexcept override {}
  void set_header(Str, Str) noexcept override {}
  void set_content_length(uint64_t) noexcept override {}
  Status write(Str bytes) noexcept override {
    bytes_ += bytes.size;
    return kOkStatus;
  }
  void abort() noexcept override {}
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// A linear congruential generator: its upper 53 bits as a number in [0, 1).
class Numbers {
 public:
  double next() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<double>(state_ >> 11) / 9007199254740992.0;
  }

 private:
  uint64_t state_ = 1;
};

void measure(const char* shape, double (*value)(double)) {
  Numbers random;
  std::vector<int64_t> times(kSteps);
  for (size_t s = 0; s < kSteps; ++s) times[s] = 1'700'000'000'000 + static_cast<int64_t>(s) * 15'000;
  std::vector<Labels> labels;
  std::vector<std::vector<double>> values(kSeries, std::vector<double>(kSteps));
  for (size_t i = 0; i < kSeries; ++i) {
    labels.push_back(Labels({{"__name__", "node_cpu_seconds_total"},
                             {"cpu", std::to_string(i)},
                             {"instance", "host-00001:9100"},
                             {"job", "node"}}));
    for (double& v : values[i]) v = value(random.next());
  }
  uint64_t bytes = 0;
  const double used = cpu_seconds();
  for (size_t round = 0; round < kRounds; ++round) {
    Counter counter;
    JsonWriter json(&counter);
    json.raw(R"({"status":"success","data":{"resultType":"matrix","result":[)");
    for (size_t i = 0; i < kSeries; ++i) {
      json.raw(i == 0 ? R"({"metric":)" : R"(,{"metric":)");
      json.labels(labels[i].view());
      json.raw(R"(,"values":[)");
      json.points(view_of(times), view_of(values[i]));
      json.raw("]}");
    }
    json.raw("]}}");
    (void)json.finish();
    bytes = counter.bytes();
  }
  const double ns = (cpu_seconds() - used) * 1e9 / kRounds;
  std::printf("{\"shape\": \"%s\", \"bytes\": %llu, \"ns_per_byte\": %.4f}\n", shape,
              static_cast<unsigned long long>(bytes), ns / static_cast<double>(bytes));
}

}  // namespace

int main() {
  measure("17 digits", [](double u) { return 1000 * u; });
  measure("2 decimals", [](double u) { return std::floor(1e7 * u) / 100; });
  measure("integers", [](double u) { return std::floor(1e8 * u); });
  return 0;
}
