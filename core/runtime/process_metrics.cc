#include "runtime/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "nightlight/sugar.h"

namespace nightlight::runtime {
namespace {

void add_value(MetricsSink* sink, MetricType type, std::string_view name, std::string_view help, double value) {
  MetricSpec spec{sizeof(MetricSpec), type, str(name), str(help), {}, {}};
  sink->add(&spec, value, {});
}

std::string read_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

struct Stat {
  double cpu_seconds = 0, start_seconds = 0, virtual_bytes = 0, resident_bytes = 0, threads = 0;
};

// Seconds since the epoch at which the machine started.
double boot_time() {
  std::istringstream lines(read_file("/proc/stat"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

Stat read_stat() {
  // proc(5): the fields after the command, which is in parentheses and may hold anything.
  std::string text = read_file("/proc/self/stat");
  std::istringstream fields(text.substr(text.rfind(')') == std::string::npos ? text.size() : text.rfind(')') + 1));
  constexpr int kFirstField = 3, kUserTime = 14, kSystemTime = 15, kThreads = 20, kStartTime = 22, kVirtual = 23,
                kResident = 24;
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  Stat out;
  std::string word;
  for (int field = kFirstField; field <= kResident && fields >> word; ++field) {
    double value = std::strtod(word.c_str(), nullptr);
    if (field == kUserTime || field == kSystemTime) out.cpu_seconds += value / ticks;
    if (field == kThreads) out.threads = value;
    if (field == kStartTime) out.start_seconds = boot_time() + value / ticks;
    if (field == kVirtual) out.virtual_bytes = value;
    if (field == kResident) out.resident_bytes = value * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  return out;
}

double open_files() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = 0;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  constexpr int kNotFiles = 3;  // ".", ".." and the directory itself.
  return count - kNotFiles;
}

double limit(int resource) {
  rlimit out{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &out);
  return out.rlim_cur == RLIM_INFINITY ? -1 : static_cast<double>(out.rlim_cur);
}

}  // namespace

void ProcessMetrics::collect(MetricsSink* sink) noexcept {
  Stat stat = read_stat();
  auto gauge = [&](std::string_view name, std::string_view help, double value) {
    add_value(sink, MetricType::kGauge, name, help, value);
  };
  add_value(sink, MetricType::kCounter, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
            stat.cpu_seconds);
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", stat.resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.virtual_bytes);
  gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", limit(RLIMIT_AS));
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", stat.start_seconds);
  gauge("process_open_fds", "Number of open file descriptors.", open_files());
  gauge("process_max_fds", "Maximum number of open file descriptors.", limit(RLIMIT_NOFILE));
  gauge("process_threads", "Number of OS threads in the process.", stat.threads);
}

}  // namespace nightlight::runtime
