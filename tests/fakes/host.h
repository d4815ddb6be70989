// A host for tests: keeps errors per thread, gives out metric cells, and has a clock that stands still.
#ifndef NIGHTLIGHT_TESTS_FAKES_HOST_H_
#define NIGHTLIGHT_TESTS_FAKES_HOST_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "nightlight/sugar.h"

namespace nightlight::fakes {

class FakeHost final : public Host {
 public:
  void* query(Str) noexcept override { return nullptr; }
  Status fail(Code code, Str text) noexcept override {
    error_ = std::string(view(text));
    return Status{code, 0};
  }
  Str last_error() noexcept override { return str(error_); }
  uint32_t log_enabled(LogLevel) noexcept override { return 0; }
  void log(LogLevel, Str, View<KeyValue>) noexcept override {}
  Status metric(const MetricSpec* spec, MetricCells* out) noexcept override {
    std::string name(view(spec->name));
    for (const KeyValue& label : spec->labels)
      name.append(",").append(view(label.key)).append("=").append(view(label.value));
    std::vector<uint64_t>& cells = counts_[name];
    cells.resize(spec->bounds.size + 1);
    *out = MetricCells{cells.data(), &numbers_[name]};
    return kOkStatus;
  }
  int64_t now_ms() noexcept override { return time_ms; }
  int64_t monotonic_ns() noexcept override { return 0; }
  Status submit(Task* task) noexcept override {
    task->run();
    return kOkStatus;
  }

  // "name,label=value"
  uint64_t count(const std::string& metric) { return counts_.count(metric) == 0 ? 0 : counts_[metric][0]; }

  int64_t time_ms = 1'700'000'000'000;

 private:
  static thread_local inline std::string error_;
  std::map<std::string, std::vector<uint64_t>> counts_;
  std::map<std::string, double> numbers_;
};

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_FAKES_HOST_H_
