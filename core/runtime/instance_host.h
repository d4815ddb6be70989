// The Host that one instance sees.
#ifndef NIGHTLIGHT_RUNTIME_INSTANCE_HOST_H_
#define NIGHTLIGHT_RUNTIME_INSTANCE_HOST_H_

#include <string>

#include "nightlight/host.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/worker_pool.h"

namespace nightlight::runtime {

// What all instances share. Everything outlives the instances.
struct Services {
  Log* log;
  Metrics* metrics;
  WorkerPool* workers;
  HostStatus* status;  // May be null: then Host::query does not know it.
};

class InstanceHost final : public Host {
 public:
  InstanceHost(std::string instance, const Services& services) : instance_(std::move(instance)), services_(services) {}

  void* query(Str interface_id) noexcept override;
  Status fail(Code code, Str text) noexcept override;
  Str last_error() noexcept override;
  uint32_t log_enabled(LogLevel level) noexcept override;
  void log(LogLevel level, Str message, View<KeyValue> fields) noexcept override;
  Status metric(const MetricSpec* spec, MetricCells* out) noexcept override;
  int64_t now_ms() noexcept override;
  int64_t monotonic_ns() noexcept override;
  Status submit(Task* task) noexcept override;

 private:
  const std::string instance_;
  const Services services_;
};

// Whether hosts of this process answer the id in query.
bool is_host_interface(Str interface_id);

// The calling thread's last error, as the Host keeps it.
Status fail_with(Code code, std::string_view text);
const std::string& last_error_text();

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_INSTANCE_HOST_H_
