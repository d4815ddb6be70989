// The log: one line a message on standard error, logfmt or JSON, written through Poco's loggers so that messages of the
// libraries inside come out in the same form.
#ifndef NIGHTLIGHT_RUNTIME_LOG_H_
#define NIGHTLIGHT_RUNTIME_LOG_H_

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "nightlight/host.h"

namespace nightlight::runtime {

enum class LogFormat : uint32_t { kLogfmt = 0, kJson = 1 };

// Without a line feed. Keys: ts (RFC 3339 with milliseconds, UTC), level, msg, instance (unless it is empty), then the
// fields.
std::string format_line(LogFormat format, int64_t timestamp_ms, LogLevel level, std::string_view message,
                        std::string_view instance, View<KeyValue> fields);

class Log {
 public:
  Log();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // [any] Both may change while others log.
  void set_level(LogLevel level);
  void set_format(LogFormat format);

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void write(LogLevel level, std::string_view instance, std::string_view message, View<KeyValue> fields);
  // For the host's own messages.
  void write(LogLevel level, std::string_view message,
             std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {});

 private:
  struct Sinks;

  std::atomic<LogLevel> level_{LogLevel::kInfo};
  std::unique_ptr<Sinks> sinks_;
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_LOG_H_
