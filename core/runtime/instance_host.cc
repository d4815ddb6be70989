#include "runtime/instance_host.h"

#include <chrono>

#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

// Errors come from plugins, which may put whatever they read into them.
constexpr size_t kMaxErrorBytes = 64 << 10;

std::string& last_error_slot() {
  thread_local std::string text;
  return text;
}

}  // namespace

bool is_host_interface(Str interface_id) { return view(interface_id) == kHostStatusId; }

Status fail_with(Code code, std::string_view text) {
  last_error_slot().assign(text.substr(0, kMaxErrorBytes));
  return Status{code, 0};
}

const std::string& last_error_text() { return last_error_slot(); }

void* InstanceHost::query(Str interface_id) noexcept {
  return is_host_interface(interface_id) ? services_.status : nullptr;
}

Status InstanceHost::fail(Code code, Str text) noexcept { return fail_with(code, view(text)); }

Str InstanceHost::last_error() noexcept { return str(last_error_slot()); }

uint32_t InstanceHost::log_enabled(LogLevel level) noexcept { return services_.log->enabled(level) ? 1 : 0; }

void InstanceHost::log(LogLevel level, Str message, View<KeyValue> fields) noexcept {
  services_.log->write(level, instance_, view(message), fields);
}

Status InstanceHost::metric(const MetricSpec* spec, MetricCells* out) noexcept {
  auto cells = services_.metrics->cells(instance_, *spec);
  if (!cells.ok()) return fail_with(cells.error().code, cells.error().message);
  *out = *cells;
  return kOkStatus;
}

int64_t InstanceHost::now_ms() noexcept {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

int64_t InstanceHost::monotonic_ns() noexcept {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

Status InstanceHost::submit(Task* task) noexcept {
  Code code = services_.workers->submit(task, instance_.c_str());
  if (code == Code::kOk) return kOkStatus;
  return fail_with(code, code == Code::kUnavailable ? "the host is stopping" : "the host's queue of work is full");
}

}  // namespace nightlight::runtime
