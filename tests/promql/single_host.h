// The least host that an instance needs: errors, a clock, metric cells that nobody reads, tasks run at once. And
// instances made from a plugin's component, configured by its own field table.
#ifndef NIGHTLIGHT_TESTS_PROMQL_SINGLE_HOST_H_
#define NIGHTLIGHT_TESTS_PROMQL_SINGLE_HOST_H_

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "nightlight/plugin.h"

namespace nightlight::test {

class SingleHost final : public Host {
 public:
  void* query(Str) noexcept override { return nullptr; }
  Status fail(Code code, Str text) noexcept override;
  Str last_error() noexcept override;
  uint32_t log_enabled(LogLevel level) noexcept override { return level >= LogLevel::kWarn ? 1 : 0; }
  void log(LogLevel level, Str message, View<KeyValue> fields) noexcept override;
  Status metric(const MetricSpec* spec, MetricCells* out) noexcept override;
  int64_t now_ms() noexcept override;
  int64_t monotonic_ns() noexcept override;
  Status submit(Task* task) noexcept override;

 private:
  Mutex mutex_;
  std::deque<std::vector<uint64_t>> counts_ GUARDED_BY(mutex_);
  std::deque<double> numbers_ GUARDED_BY(mutex_);
};

// What an instance may refer to, by interface id.
using Providers = std::multimap<std::string, void*>;

// A started instance of a component. Stopped and released at the end.
class RunningInstance {
 public:
  // Fields without a value in `settings` have their defaults; references take all providers of their interface.
  static Result<RunningInstance> start(Host& host, const Component& component,
                                       const std::map<std::string, std::string>& settings, const Providers& providers);
  RunningInstance(RunningInstance&& other) noexcept : instance_(std::exchange(other.instance_, nullptr)) {}
  RunningInstance& operator=(RunningInstance&&) = delete;
  ~RunningInstance();

  template <class Interface>
  Interface* as(const char* id) const {
    return static_cast<Interface*>(instance_->query(str(id)));
  }

 private:
  explicit RunningInstance(Instance* instance) : instance_(instance) {}
  Instance* instance_;
};

// The component of a plugin file that provides an interface.
Result<const Component*> load_component(const std::string& plugin_file, std::string_view interface_id);

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_SINGLE_HOST_H_
