#include "series.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nightlight::load {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// One host exports these, in this order; a template with variants stands for one series per variant.
struct Template {
  const char* name;
  Shape shape;
  double base, rate;
  const char* label;
  std::vector<const char*> variants;
  const char* second_label = nullptr;
  std::vector<const char*> second_variants = {};
};

constexpr const char* kBounds[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                   "0.5",   "1",    "2.5",   "5",    "10",  "+Inf"};
// What part of the requests is at most that slow.
constexpr double kShares[] = {0.02, 0.11, 0.34, 0.58, 0.77, 0.9, 0.955, 0.98, 0.993, 0.998, 0.9995, 1};

const std::vector<const char*> kDevices = {"sda", "sdb", "nvme0n1"};
const std::vector<const char*> kInterfaces = {"lo", "eth0", "eth1", "docker0"};
const std::vector<const char*> kMounts = {"/", "/boot", "/var/lib/data", "/run"};

const std::vector<Template>& templates() {
  static const std::vector<Template> all = {
      {"node_cpu_seconds_total",
       Shape::kSecondsCounter,
       1e5,
       9.7,
       "cpu",
       {"0", "1", "2", "3", "4", "5", "6", "7"},
       "mode",
       {"idle", "user", "system", "iowait", "softirq"}},
      {"node_cpu_guest_seconds_total",
       Shape::kConstant,
       0,
       0,
       "cpu",
       {"0", "1", "2", "3", "4", "5", "6", "7"},
       "mode",
       {"nice", "user"}},
      {"node_memory_MemTotal_bytes", Shape::kConstant, 67430531072.0, 0, nullptr, {}},
      {"node_memory_MemFree_bytes", Shape::kPageGauge, 9e9, 4e8, nullptr, {}},
      {"node_memory_MemAvailable_bytes", Shape::kPageGauge, 3e10, 6e8, nullptr, {}},
      {"node_memory_Cached_bytes", Shape::kPageGauge, 2e10, 1e8, nullptr, {}},
      {"node_memory_Dirty_bytes", Shape::kPageGauge, 3e6, 2e6, nullptr, {}},
      {"node_load1", Shape::kRatioGauge, 2.5, 1.5, nullptr, {}},
      {"node_load5", Shape::kRatioGauge, 2.2, 0.6, nullptr, {}},
      {"node_load15", Shape::kRatioGauge, 2, 0.2, nullptr, {}},
      {"node_disk_read_bytes_total", Shape::kIntegerCounter, 4e11, 3e6, "device", kDevices},
      {"node_disk_written_bytes_total", Shape::kIntegerCounter, 9e11, 2.4e7, "device", kDevices},
      {"node_disk_reads_completed_total", Shape::kIntegerCounter, 6e7, 130, "device", kDevices},
      {"node_disk_writes_completed_total", Shape::kIntegerCounter, 9e7, 900, "device", kDevices},
      {"node_disk_io_time_seconds_total", Shape::kSecondsCounter, 3e4, 1.3, "device", kDevices},
      {"node_disk_io_now", Shape::kConstant, 0, 0, "device", kDevices},
      {"node_network_receive_bytes_total", Shape::kIntegerCounter, 7e12, 4e7, "device", kInterfaces},
      {"node_network_transmit_bytes_total", Shape::kIntegerCounter, 6e12, 3e7, "device", kInterfaces},
      {"node_network_receive_packets_total", Shape::kIntegerCounter, 5e9, 41000, "device", kInterfaces},
      {"node_network_transmit_packets_total", Shape::kIntegerCounter, 5e9, 38000, "device", kInterfaces},
      {"node_network_receive_errs_total", Shape::kConstant, 0, 0, "device", kInterfaces},
      {"node_network_receive_drop_total", Shape::kConstant, 17, 0, "device", kInterfaces},
      {"node_network_up", Shape::kConstant, 1, 0, "device", kInterfaces},
      {"node_filesystem_size_bytes", Shape::kConstant, 5.2e11, 0, "mountpoint", kMounts},
      {"node_filesystem_avail_bytes", Shape::kPageGauge, 2.4e11, 3e7, "mountpoint", kMounts},
      {"node_filesystem_files_free", Shape::kNoisyGauge, 3e7, 40, "mountpoint", kMounts},
      {"node_filesystem_readonly", Shape::kConstant, 0, 0, "mountpoint", kMounts},
      {"node_hwmon_temp_celsius", Shape::kRatioGauge, 54, 6, "sensor", {"temp1", "temp2", "temp3", "temp4"}},
      {"node_context_switches_total", Shape::kIntegerCounter, 3e10, 190000, nullptr, {}},
      {"node_intr_total", Shape::kIntegerCounter, 2e10, 120000, nullptr, {}},
      {"node_forks_total", Shape::kIntegerCounter, 2e7, 60, nullptr, {}},
      {"node_boot_time_seconds", Shape::kConstant, 1.7e9, 0, nullptr, {}},
      {"node_procs_running", Shape::kRatioGauge, 4, 3, nullptr, {}},
      {"node_timex_offset_seconds", Shape::kNoisyGauge, 1e-5, 1e-5, nullptr, {}},
      {"process_resident_memory_bytes", Shape::kPageGauge, 8e7, 2e6, nullptr, {}},
      {"process_open_fds", Shape::kConstant, 13, 0, nullptr, {}},
      {"up", Shape::kConstant, 1, 0, nullptr, {}},
  };
  return all;
}

constexpr const char* kHandlers[] = {"/api/v1/items", "/api/v1/items/{id}", "/api/v1/login", "/healthz", "/static/*"};
constexpr const char* kMethods[] = {"GET", "POST"};
constexpr size_t kBucketsOfHistogram = std::size(kBounds) + 2;  // And _sum and _count.
constexpr size_t kHistogramSeries = std::size(kHandlers) * std::size(kMethods) * kBucketsOfHistogram;

size_t node_series() {
  size_t count = 0;
  for (const Template& t : templates()) {
    count += std::max<size_t>(t.variants.size(), 1) * std::max<size_t>(t.second_variants.size(), 1);
  }
  return count;
}

double unit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

std::string numbered(const char* format, uint64_t n) {
  char text[96];
  std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(n));
  return text;
}

void add_host(Labels& labels, uint64_t host, const char* job, const char* port, uint32_t generation) {
  constexpr const char* kRegions[] = {"eu-central-1", "eu-west-1", "us-east-1"};
  labels.emplace_back("cluster", numbered("prod-%02llu", host / 200));
  labels.emplace_back("env", "production");
  labels.emplace_back("instance", numbered("host-%05llu.dc1.example.net:", host) + port);
  labels.emplace_back("job", job);
  labels.emplace_back("namespace", "monitoring");
  labels.emplace_back(
      "pod", std::string(job) + numbered("-%08llx", mix(host, 77) & 0xffffffff) + numbered("-%llu", generation));
  labels.emplace_back("region", kRegions[host % 3]);
}

SeriesSpec node(uint64_t host, size_t position, uint32_t generation) {
  for (const Template& t : templates()) {
    size_t firsts = std::max<size_t>(t.variants.size(), 1), seconds = std::max<size_t>(t.second_variants.size(), 1);
    if (position >= firsts * seconds) {
      position -= firsts * seconds;
      continue;
    }
    SeriesSpec out{t.shape, 0, 0, t.base, t.rate, {{"__name__", t.name}}};
    if (t.label != nullptr) out.labels.emplace_back(t.label, t.variants[position / seconds]);
    if (t.second_label != nullptr) out.labels.emplace_back(t.second_label, t.second_variants[position % seconds]);
    add_host(out.labels, host, "node", "9100", generation);
    return out;
  }
  return {};
}

SeriesSpec web(uint64_t host, size_t position, uint32_t generation) {
  size_t histogram = position / kBucketsOfHistogram, part = position % kBucketsOfHistogram;
  SeriesSpec out{Shape::kBucket, static_cast<uint32_t>(histogram + 1), 0, 4e6, 180, {}};
  const char* name = "http_request_duration_seconds_bucket";
  if (part < std::size(kBounds)) {
    out.buckets = static_cast<uint32_t>(part + 1);
    out.labels.emplace_back("le", kBounds[part]);
  } else if (part == std::size(kBounds)) {
    name = "http_request_duration_seconds_count";
    out.buckets = std::size(kShares);
  } else {
    name = "http_request_duration_seconds_sum";
    out.shape = Shape::kSum;
    out.base = 3e5;
    out.rate = 12;
  }
  out.labels.emplace_back("__name__", name);
  out.labels.emplace_back("handler", kHandlers[histogram / std::size(kMethods)]);
  out.labels.emplace_back("method", kMethods[histogram % std::size(kMethods)]);
  add_host(out.labels, host, "web", "8080", generation);
  return out;
}

// The requests in the first buckets of a histogram: those of each come at times of their own.
double requests(const SeriesSpec& s, uint64_t tick, uint64_t seed) {
  double count = 0;
  for (uint32_t k = 0; k < s.buckets; ++k) {
    const double share = kShares[k] - (k == 0 ? 0 : kShares[k - 1]);
    const double now = static_cast<double>(tick) + unit(mix(mix(mix(seed, s.group), k), tick));
    count += std::floor(share * (s.base + s.rate * now));
  }
  return count;
}

}  // namespace

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ull + b;
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebull;
  return x ^ x >> 31;
}

Fleet::Fleet(uint64_t series_count, uint64_t seed) : size_(series_count), seed_(seed) {}

SeriesSpec Fleet::series(uint64_t i, uint32_t generation) const {
  static const size_t node_count = node_series();
  uint64_t per_host = node_count + kHistogramSeries;
  uint64_t host = i / per_host, position = i % per_host;
  SeriesSpec out =
      position < node_count ? node(host, position, generation) : web(host, position - node_count, generation);
  // No two hosts are equally busy.
  const bool of_histogram = out.shape == Shape::kBucket || out.shape == Shape::kSum;
  uint64_t id = of_histogram ? mix(host, out.group) : mix(i, 1);
  double factor = 0.5 + unit(mix(seed_, id));
  out.rate *= factor;
  if (out.shape == Shape::kIntegerCounter || out.shape == Shape::kSecondsCounter) out.base *= factor;
  if (of_histogram) out.group = static_cast<uint32_t>(id | 1);
  std::sort(out.labels.begin(), out.labels.end());
  return out;
}

double Fleet::value(const SeriesSpec& s, uint64_t i, uint64_t tick, uint64_t seed) {
  double noise = unit(mix(mix(seed, s.group != 0 ? s.group : i + 1), tick));
  double now = static_cast<double>(tick) + noise;
  double wave = std::sin(now / 40 + static_cast<double>(i % 628) / 100);
  switch (s.shape) {
    case Shape::kConstant:
      return s.base;
    case Shape::kIntegerCounter:
      return std::floor(s.base + s.rate * now);
    case Shape::kBucket:
      return requests(s, tick, seed);
    case Shape::kSecondsCounter:
      return std::floor((s.base + s.rate * now) * 100) / 100;
    case Shape::kSum:
      return s.base + s.rate * now;
    case Shape::kPageGauge:
      return std::floor((s.base + s.rate * (wave + noise / 8)) / 4096) * 4096;
    case Shape::kRatioGauge:
      return std::round((s.base + s.rate * (wave + noise / 4)) * 100) / 100;
    case Shape::kNoisyGauge:
      return s.base + s.rate * (wave + noise);
  }
  return 0;
}

}  // namespace nightlight::load
