// Decoding a remote-write 1.0 request of known series: decompress, decode, resolve keys by hash. Bound: 100 ns a
// sample.
#include <benchmark/benchmark.h>
#include <snappy.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "remote_write/body.h"
#include "remote_write/write_v1.h"
#include "remote_write/write_v2.h"

namespace {

using namespace nightlight;
using namespace nightlight::remote_write;

constexpr int kSeries = 2000, kLabels = 10;

std::string label_value(int series, int label) {
  return label < 6 ? "common-value-" + std::to_string(label) : "value-" + std::to_string(series * 31 % (100 << label));
}

std::string v1_body() {
  std::string message, body;
  protozero::pbf_writer request(message);
  for (int i = 0; i < kSeries; ++i) {
    protozero::pbf_writer series(request, 1);
    for (int k = 0; k < kLabels; ++k) {
      protozero::pbf_writer label(series, 1);
      label.add_string(1, "label_name_" + std::to_string(k));
      label.add_string(2, label_value(i, k));
    }
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, i * 1.1);
    sample.add_int64(2, 1'700'000'000'000);
  }
  snappy::Compress(message.data(), message.size(), &body);
  return body;
}

std::string v2_body() {
  std::string message, body;
  protozero::pbf_writer request(message);
  std::vector<std::string> symbols = {""};
  std::vector<uint32_t> refs;
  for (int k = 0; k < kLabels; ++k) symbols.push_back("label_name_" + std::to_string(k));
  for (int i = 0; i < kSeries; ++i) {
    for (int k = 0; k < kLabels; ++k) {
      refs.push_back(static_cast<uint32_t>(k + 1));
      refs.push_back(static_cast<uint32_t>(symbols.size()));
      symbols.push_back(label_value(i, k));
    }
  }
  for (const std::string& symbol : symbols) request.add_string(4, symbol);
  for (int i = 0; i < kSeries; ++i) {
    protozero::pbf_writer series(request, 5);
    series.add_packed_uint32(1, refs.begin() + i * 2 * kLabels, refs.begin() + (i + 1) * 2 * kLabels);
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, i * 1.1);
    sample.add_int64(2, 1'700'000'000'000);
  }
  snappy::Compress(message.data(), message.size(), &body);
  return body;
}

template <bool kV2>
void decode(benchmark::State& state) {
  std::string body = kV2 ? v2_body() : v1_body();
  Buffer buffer;
  Columns columns;
  for (auto _ : state) {
    columns.clear();
    auto message = decode_snappy(body, 32u << 20, buffer);
    V2Faults faults;
    bool ok = kV2 ? decode_v2(*message, {}, columns, faults).ok() : decode_v1(*message, {}, columns).ok();
    if (!ok) state.SkipWithError("cannot decode");
    uint64_t sum = 0;
    for (Str key : columns.keys) sum += XXH3_128bits(key.data, key.size).low64;
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.counters["ns/sample"] = benchmark::Counter(static_cast<double>(state.iterations()) * kSeries * 1e-9,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(decode<false>)->Name("remote_write_1.0");
BENCHMARK(decode<true>)->Name("remote_write_2.0");

}  // namespace
