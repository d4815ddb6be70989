// The running process: config, plugins, instances, log and metrics together, and what the server says of itself.
#ifndef NIGHTLIGHT_RUNTIME_SERVER_H_
#define NIGHTLIGHT_RUNTIME_SERVER_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "nightlight/host.h"
#include "runtime/graph.h"
#include "runtime/load.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/process_metrics.h"
#include "runtime/worker_pool.h"

namespace nightlight::runtime {

struct Build {
  std::string version, revision, branch, user, date, compiler;
};

class Server final : public HostStatus {
 public:
  // `loaded` came from load(options) without problems.
  Server(LoadOptions options, Loaded loaded, Build build, Log* log);
  ~Server();

  // [control] Configures and starts all instances. `configure` alone is what `nightlight check` does.
  Result<void> configure();
  Result<void> start();
  // [control] Runs requests for reload until one for quit comes (from signals or HostStatus).
  void run();
  // [control] Drains and stops. The error names the instance that did not.
  Result<void> stop();

  // [any, also in signal context] What run() is to do next.
  void request_quit();
  void request_reload();

  // HostStatus
  Status config_yaml(TextSink* out) noexcept override;
  Status build_json(TextSink* out) noexcept override;
  Status runtime_json(TextSink* out) noexcept override;
  Status flags_json(TextSink* out) noexcept override;
  Status metrics_text(TextSink* out) noexcept override;
  Status ready() noexcept override;
  Status reload() noexcept override;
  Status quit() noexcept override;

  // [control] Reads the config again and applies it, all or nothing.
  Result<void> reload_now();

  enum class Phase : uint32_t { kStarting, kRunning, kStopping };

 private:
  struct Reload {
    bool done = false;
    Result<void> outcome;
  };

  void register_metrics();
  void apply_log_settings();
  void note_reload(const Result<void>& outcome);
  void enter(Phase phase);

  const LoadOptions options_;
  const Build build_;
  Log* const log_;
  const int64_t start_time_ms_;
  Metrics metrics_;
  ProcessMetrics process_metrics_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<Graph> graph_;

  std::atomic<Phase> phase_{Phase::kStarting};
  int wake_fd_;  // eventfd: request_quit and request_reload write to it.
  std::atomic<bool> quit_requested_{false};
  std::atomic<bool> reload_requested_{false};

  std::shared_ptr<const Loaded> loaded() const;

  mutable Mutex mutex_;  // Guards what HostStatus shows, and the reloads that wait.
  ConditionVariable reloaded_;
  std::shared_ptr<const Loaded> loaded_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Reload>> waiting_ GUARDED_BY(mutex_);
  int64_t last_reload_ms_ GUARDED_BY(mutex_) = 0;    // The last one that was applied.
  int64_t reload_failed_ms_ GUARDED_BY(mutex_) = 0;  // 0: the last one was applied.
  int64_t phase_ms_ GUARDED_BY(mutex_);              // When the phase began.
  MetricCells reload_ok_cell_{}, reload_time_cell_{};
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_SERVER_H_
