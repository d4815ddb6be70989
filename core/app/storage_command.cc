#include "app/storage_command.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include "nightlight/sugar.h"
#include "runtime/server.h"

namespace nightlight::app {
namespace {

// One line on standard error, drawn over and over, gone at the end.
class ProgressBar final : public OfflineProgress {
 public:
  void advance(uint64_t done_bytes, uint64_t total_bytes) noexcept override {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || total_bytes == 0 || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    constexpr uint64_t kWidth = 40, kMiB = 1 << 20;
    const double share = static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
    const auto filled = static_cast<size_t>(share * kWidth);
    const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
    std::fprintf(stderr, "\r[%s] %3.0f %%  %llu of %llu MiB", bar.c_str(), share * 100,
                 static_cast<unsigned long long>(done_bytes / kMiB),
                 static_cast<unsigned long long>(total_bytes / kMiB));
    std::fflush(stderr);
    drawn_ = true;
  }
  void clear() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

// The bar must be gone before the report comes: both may be on one terminal.
class Report final : public TextSink {
 public:
  explicit Report(ProgressBar& bar) : bar_(bar) {}
  Status write(Str piece) noexcept override {
    bar_.clear();
    std::cout << view(piece) << std::flush;
    return kOkStatus;
  }

 private:
  ProgressBar& bar_;
};

int fail(const std::string& text) {
  std::cerr << text << "\n";
  return kExitFailed;
}

// The first component of the plugin that knows the interface, or null.
const Component* component_with(const Plugin& plugin, std::string_view id) {
  for (const Component* component : plugin.components) {
    for (Str provided : component->provides)
      if (view(provided) == id) return component;
  }
  return nullptr;
}

}  // namespace

int run_storage_command(const Options& options, const StorageCommand& command, OfflineWork work) {
  runtime::LoadOptions load = load_options(options);
  auto file = runtime::find_plugin(command.plugin, runtime::search_directories(load, nullptr));
  if (!file.ok()) return fail(file.error().message);
  auto loaded = runtime::load_trusted(load, *file, "");
  if (!loaded.ok()) return fail(loaded.error().message);
  const Component* component = component_with(*loaded->plugin, kOfflineStorageId);
  if (component == nullptr) return fail("plugin " + command.plugin + " has no store that works on directories");

  runtime::Log log;
  runtime::Metrics metrics;
  runtime::WorkerPool workers(1, 1);
  runtime::InstanceHost host("storage", runtime::Services{&log, &metrics, &workers, nullptr});
  Instance* made = nullptr;
  if (Status status = component->create(&host, &made); !status.ok() || made == nullptr)
    return fail("cannot make a store of plugin " + command.plugin + ": " + runtime::last_error_text());
  Owned<Instance> instance(made);
  auto* storage = static_cast<OfflineStorage*>(instance->query(str(kOfflineStorageId)));
  if (storage == nullptr) return fail("plugin " + command.plugin + " does not have what it says it provides");

  ProgressBar progress;
  Report report(progress);
  const OfflineRequest request{sizeof(OfflineRequest), work, str(command.directory), &progress,
                               command.json ? 1u : 0u, 0};
  const Status done = storage->run(&request, &report);
  progress.clear();
  return done.ok() ? kExitOk : fail(command.directory + ": " + runtime::last_error_text());
}

}  // namespace nightlight::app
