// What the host does for an instance: errors, logs, metrics, clocks, and work on its threads.
#ifndef NIGHTLIGHT_HOST_H_
#define NIGHTLIGHT_HOST_H_

#include "nightlight/abi.h"

namespace nightlight {

enum class LogLevel : uint32_t { kDebug = 0, kInfo = 1, kWarn = 2, kError = 3 };

enum class MetricType : uint32_t { kCounter = 0, kGauge = 1, kHistogram = 2 };

// A series of /metrics. Names are `nightlight_<component>_<what>_<unit>[_total]` in base units; help is a sentence with
// a full stop. The host adds the label `instance_name` (its name in the config).
struct MetricSpec {
  uint32_t struct_size;
  MetricType type;
  Str name;
  Str help;
  View<KeyValue> labels;  // Bounded: a handful of values each.
  View<double> bounds;    // kHistogram: ascending upper bounds, without +Inf.
};

// The cells behind a metric, owned by the host, valid until the instance's release. Bump them with relaxed atomic
// operations (sugar.h has the words): no call per event.
struct MetricCells {
  uint64_t* count;  // kCounter: the value. kHistogram: `bounds.size + 1` buckets, not cumulative, the last is +Inf.
  double* number;   // kGauge: the value. kHistogram: the sum.
};

// One more way to publish: an instance that provides this interface is asked at each scrape.
class NIGHTLIGHT_INTERFACE MetricsSink {
 public:
  // [one] Adds one sample. For kHistogram, `value` is the sum and `buckets` are the counts as in MetricCells.
  virtual void add(const MetricSpec* spec, double value, View<uint64_t> buckets) noexcept = 0;

 protected:
  ~MetricsSink() = default;
};

inline constexpr char kMetricsSourceId[] = "nightlight.metrics_source/0";
class NIGHTLIGHT_INTERFACE MetricsSource {
 public:
  // [any] Must be quick: called at each scrape.
  virtual void collect(MetricsSink* sink) noexcept = 0;

 protected:
  ~MetricsSource() = default;
};

// A piece of work for the host's threads.
class NIGHTLIGHT_INTERFACE Task {
 public:
  // [one] Called exactly once, also when the host is stopping; the task may free itself at the end.
  virtual void run() noexcept = 0;

 protected:
  ~Task() = default;
};

class NIGHTLIGHT_INTERFACE Host {
 public:
  // [any] A host interface by id, or null when this host does not have it.
  virtual void* query(Str interface_id) noexcept = 0;

  // [any] Keeps `text` as the calling thread's last error, until its next failing call, and returns a Status with
  // `code`.
  virtual Status fail(Code code, Str text) noexcept = 0;

  // [any] The text of the calling thread's last error. Borrowed until the thread's next failing call.
  virtual Str last_error() noexcept = 0;

  // [any] 0 when messages of this level are dropped. Ask before building an expensive message.
  virtual uint32_t log_enabled(LogLevel level) noexcept = 0;

  // [any] `message` is a constant sentence; what varies goes into `fields`.
  virtual void log(LogLevel level, Str message, View<KeyValue> fields) noexcept = 0;

  // [any] Registers a metric, or finds it again: the same name and labels give the same cells. kInvalidArgument when
  // the name is malformed or already has another type.
  virtual Status metric(const MetricSpec* spec, MetricCells* out) noexcept = 0;

  // [any] Unix time in milliseconds.
  virtual int64_t now_ms() noexcept = 0;

  // [any] The clock of every deadline.
  virtual int64_t monotonic_ns() noexcept = 0;

  // [any] Runs the task on one of the host's threads. kResourceExhausted when its bounded queue is full, kUnavailable
  // when the host is stopping; the task is then not run and still the caller's.
  virtual Status submit(Task* task) noexcept = 0;

 protected:
  ~Host() = default;
};

// Offered through Host::query: what the server says of itself. A phase is "starting", "running" or "stopping".
inline constexpr char kHostStatusId[] = "nightlight.host_status/0";
class NIGHTLIGHT_INTERFACE TextSink {
 public:
  // [one] Takes a piece of text. A failing Status ends the producer's call.
  virtual Status write(Str piece) noexcept = 0;

 protected:
  ~TextSink() = default;
};

class NIGHTLIGHT_INTERFACE HostStatus {
 public:
  // [any] The config that is in force, as YAML without secrets.
  virtual Status config_yaml(TextSink* out) noexcept = 0;
  // [any] A JSON object {"version", "revision", "branch", "buildUser", "buildDate", "compiler"}.
  virtual Status build_json(TextSink* out) noexcept = 0;
  // [any] {startTimeMs,reloadConfigSuccess,lastConfigTimeMs,reloadFailedMs (0: no),phase,phaseSinceMs,cwd,hostname}
  virtual Status runtime_json(TextSink* out) noexcept = 0;
  // [any] A JSON object of the effective short-form settings: key -> text.
  virtual Status flags_json(TextSink* out) noexcept = 0;
  // [any] Everything of /metrics, in Prometheus' text format 0.0.4.
  virtual Status metrics_text(TextSink* out) noexcept = 0;
  // [any] kOk when every instance has started and is healthy; otherwise a text that says which is not.
  virtual Status ready() noexcept = 0;
  // [control is not needed; any] Reloads the config, as SIGHUP does. Returns after it was applied or refused.
  virtual Status reload() noexcept = 0;
  // [any] Begins a graceful stop, as SIGTERM does.
  virtual Status quit() noexcept = 0;

 protected:
  ~HostStatus() = default;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_HOST_H_
