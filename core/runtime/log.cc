#include "runtime/log.h"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

Poco::Message::Priority priority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return Poco::Message::PRIO_DEBUG;
    case LogLevel::kInfo:
      return Poco::Message::PRIO_INFORMATION;
    case LogLevel::kWarn:
      return Poco::Message::PRIO_WARNING;
    case LogLevel::kError:
      return Poco::Message::PRIO_ERROR;
  }
  return Poco::Message::PRIO_INFORMATION;
}

LogLevel level_of(Poco::Message::Priority priority) {
  if (priority <= Poco::Message::PRIO_ERROR) return LogLevel::kError;
  if (priority <= Poco::Message::PRIO_WARNING) return LogLevel::kWarn;
  return priority <= Poco::Message::PRIO_INFORMATION ? LogLevel::kInfo : LogLevel::kDebug;
}

std::string timestamp(int64_t timestamp_ms) {
  std::time_t seconds = static_cast<std::time_t>(timestamp_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[40];
  size_t size = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char out[48];
  std::snprintf(out, sizeof out, "%.*s.%03dZ", static_cast<int>(size), date, static_cast<int>(timestamp_ms % 1000));
  return out;
}

void append_quoted(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void append_pair(LogFormat format, std::string_view key, std::string_view value, std::string* out) {
  if (format == LogFormat::kJson) {
    out->push_back(out->size() > 1 ? ',' : '{');
    append_quoted(key, out);
    out->push_back(':');
    append_quoted(value, out);
    return;
  }
  if (!out->empty()) out->push_back(' ');
  out->append(key).push_back('=');
  bool plain = !value.empty();
  for (char c : value) plain &= c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  if (plain) {
    out->append(value);
  } else {
    append_quoted(value, out);
  }
}

int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// Marks a message whose text is a finished line.
constexpr const char* kFinished = "nightlight";

class LineChannel final : public Poco::Channel {
 public:
  std::atomic<LogFormat> format{LogFormat::kLogfmt};

  void log(const Poco::Message& message) override {
    std::string line = message.has(kFinished)
                           ? message.getText()
                           : format_line(format.load(std::memory_order_relaxed), wall_ms(),
                                         level_of(message.getPriority()), message.getText(), message.getSource(), {});
    line.push_back('\n');
    // One write a line, so that lines of several threads do not mix. Nobody is left to tell when it fails.
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }
};

}  // namespace

std::string format_line(LogFormat format, int64_t timestamp_ms, LogLevel level, std::string_view message,
                        std::string_view instance, View<KeyValue> fields) {
  std::string out;
  append_pair(format, "ts", timestamp(timestamp_ms), &out);
  append_pair(format, "level", level_name(level), &out);
  append_pair(format, "msg", message, &out);
  if (!instance.empty()) append_pair(format, "instance", instance, &out);
  for (const KeyValue& field : fields) append_pair(format, view(field.key), view(field.value), &out);
  if (format == LogFormat::kJson) out.push_back('}');
  return out;
}

struct Log::Sinks {
  Poco::AutoPtr<LineChannel> channel{new LineChannel};
  Poco::Logger* logger = nullptr;
};

Log::Log() : sinks_(std::make_unique<Sinks>()) {
  Poco::Logger::root().setChannel(sinks_->channel);
  Poco::Logger::setChannel("", sinks_->channel);
  sinks_->logger = &Poco::Logger::get("nightlight");
  sinks_->logger->setChannel(sinks_->channel);
  sinks_->logger->setLevel(Poco::Message::PRIO_TRACE);  // enabled() decides.
}

Log::~Log() { sinks_->logger->setChannel(nullptr); }

void Log::set_level(LogLevel level) {
  level_.store(level, std::memory_order_relaxed);
  Poco::Logger::root().setLevel(priority(level));
}

void Log::set_format(LogFormat format) { sinks_->channel->format.store(format, std::memory_order_relaxed); }

void Log::write(LogLevel level, std::string_view instance, std::string_view message, View<KeyValue> fields) {
  if (!enabled(level)) return;
  Poco::Message line(
      "nightlight",
      format_line(sinks_->channel->format.load(std::memory_order_relaxed), wall_ms(), level, message, instance, fields),
      priority(level));
  line.set(kFinished, "");
  sinks_->logger->log(line);
}

void Log::write(LogLevel level, std::string_view message,
                std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::vector<KeyValue> pairs;
  for (const auto& [key, value] : fields) pairs.push_back(KeyValue{str(key), str(value)});
  write(level, "", message, view_of(pairs));
}

}  // namespace nightlight::runtime
