// How long requests took: kept whole, so that quantiles are exact.
#ifndef NIGHTLIGHT_BENCH_LOAD_LATENCIES_H_
#define NIGHTLIGHT_BENCH_LOAD_LATENCIES_H_

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace nightlight::load {

// Of one thread, until all are merged.
class Latencies {
 public:
  using Clock = std::chrono::steady_clock;

  void add(Clock::time_point began) {
    all_.push_back(std::chrono::duration<float, std::milli>(Clock::now() - began).count());
  }
  void merge(const Latencies& other) { all_.insert(all_.end(), other.all_.begin(), other.all_.end()); }

  // {"p50":...,"p99":...,"max":...} in milliseconds.
  std::string json() {
    std::sort(all_.begin(), all_.end());
    auto at = [this](double share) {
      return all_.empty() ? 0.0 : double{all_[static_cast<size_t>(share * static_cast<double>(all_.size() - 1) + 0.5)]};
    };
    char text[96];
    std::snprintf(text, sizeof text, "{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}", at(0.5), at(0.99), at(1));
    return text;
  }

 private:
  std::vector<float> all_;
};

}  // namespace nightlight::load

#endif  // NIGHTLIGHT_BENCH_LOAD_LATENCIES_H_
