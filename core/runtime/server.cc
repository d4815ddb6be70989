#include "runtime/server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/diff.h"
#include "config/print.h"

namespace nightlight::runtime {
namespace {

constexpr size_t kQueuedTasks = 4096;

int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::chrono::milliseconds timeout(const config::CheckedConfig& config, std::string_view name) {
  return std::chrono::milliseconds(config::field_of(config.settings.host, name).value.integer);
}

size_t thread_count(const config::CheckedConfig& config) {
  auto configured = static_cast<size_t>(config::field_of(config.settings.host, "threads").value.integer);
  return configured != 0 ? configured : std::max<size_t>(2, std::thread::hardware_concurrency());
}

std::string lines_of(const config::Problems& problems) {
  std::string out;
  for (const std::string& line : problems.lines()) {
    if (!out.empty()) out += "\n";
    out += line;
  }
  return out;
}

// Poco's JSON and nlohmann's both throw; texts here are UTF-8 or replaced.
std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

MetricSpec spec_of(MetricType type, std::string_view name, std::string_view help, View<KeyValue> labels = {}) {
  return MetricSpec{sizeof(MetricSpec), type, str(name), str(help), labels, {}};
}

const char* name_of(Server::Phase phase) {
  switch (phase) {
    case Server::Phase::kStarting:
      return "starting";
    case Server::Phase::kRunning:
      return "running";
    case Server::Phase::kStopping:
      return "stopping";
  }
  return "";
}

Status to_status(const Result<void>& result) {
  if (result.ok()) return kOkStatus;
  return fail_with(result.error().code, result.error().message);
}

}  // namespace

Server::Server(LoadOptions options, Loaded loaded, Build build, Log* log)
    : options_(std::move(options)),
      build_(std::move(build)),
      log_(log),
      start_time_ms_(wall_ms()),
      wake_fd_(::eventfd(0, EFD_CLOEXEC)),
      loaded_(std::make_shared<const Loaded>(std::move(loaded))),
      phase_ms_(start_time_ms_) {
  NIGHTLIGHT_CHECK(wake_fd_ >= 0, "eventfd");
  workers_ = std::make_unique<WorkerPool>(thread_count(loaded_->config), kQueuedTasks);
  graph_ = std::make_unique<Graph>(Services{log_, &metrics_, workers_.get(), this});
  register_metrics();
  apply_log_settings();
}

Server::~Server() {
  workers_->refuse();
  graph_.reset();
  workers_.reset();
  metrics_.remove_source(&process_metrics_);
  ::close(wake_fd_);
}

void Server::register_metrics() {
  KeyValue labels[] = {{str("version"), str(build_.version)},
                       {str("revision"), str(build_.revision)},
                       {str("branch"), str(build_.branch)},
                       {str("compiler"), str(build_.compiler)}};
  auto info = metrics_.cells("", spec_of(MetricType::kGauge, "nightlight_build_info",
                                         "Always 1; the labels tell what was built from what.", view_of(labels)));
  NIGHTLIGHT_CHECK(info.ok(), "nightlight_build_info");
  set(info->number, 1);
  const std::shared_ptr<const Loaded> now = loaded();
  for (const LoadedPlugin& loaded : now->plugins) {
    KeyValue of_plugin[] = {{str("plugin"), str(loaded.file.name)}, {str("version"), loaded.plugin->version}};
    auto cells = metrics_.cells("", spec_of(MetricType::kGauge, "nightlight_plugin_info",
                                            "Always 1; the labels tell which plugins are loaded.", view_of(of_plugin)));
    if (cells.ok()) set(cells->number, 1);
  }
  reload_ok_cell_ = metrics_
                        .cells("", spec_of(MetricType::kGauge, "nightlight_config_last_reload_successful",
                                           "Whether the last reload of the config was applied."))
                        .value();
  reload_time_cell_ =
      metrics_
          .cells("", spec_of(MetricType::kGauge, "nightlight_config_last_reload_success_timestamp_seconds",
                             "When a config was last applied."))
          .value();
  metrics_.add_source("", &process_metrics_);
  note_reload({});
}

void Server::apply_log_settings() {
  const std::shared_ptr<const Loaded> now = loaded();
  const config::CheckedConfig& config = now->config;
  const std::string& level = config::field_of(config.settings.log, "level").value.text;
  log_->set_level(level == "debug"   ? LogLevel::kDebug
                  : level == "warn"  ? LogLevel::kWarn
                  : level == "error" ? LogLevel::kError
                                     : LogLevel::kInfo);
  const std::string& format = config::field_of(config.settings.log, "format").value.text;
  log_->set_format(format == "json" ? LogFormat::kJson : LogFormat::kLogfmt);
}

void Server::note_reload(const Result<void>& outcome) {
  set(reload_ok_cell_.number, outcome.ok() ? 1 : 0);
  MutexLock lock(mutex_);
  reload_failed_ms_ = outcome.ok() ? 0 : wall_ms();
  if (!outcome.ok()) return;
  last_reload_ms_ = wall_ms();
  set(reload_time_cell_.number, static_cast<double>(last_reload_ms_) / 1000);
}

void Server::enter(Phase phase) {
  MutexLock lock(mutex_);
  phase_ms_ = wall_ms();
  phase_.store(phase, std::memory_order_release);
}

std::shared_ptr<const Loaded> Server::loaded() const {
  MutexLock lock(mutex_);
  return loaded_;
}

Result<void> Server::configure() { return graph_->configure(loaded()->config); }

Result<void> Server::start() {
  NIGHTLIGHT_TRY(graph_->start());
  enter(Phase::kRunning);
  return {};
}

void Server::run() {
  while (!quit_requested_.load()) {
    uint64_t count;
    if (::read(wake_fd_, &count, sizeof count) < 0 && errno != EINTR) break;
    if (!reload_requested_.exchange(false)) continue;
    std::vector<std::shared_ptr<Reload>> waiting;
    {
      MutexLock lock(mutex_);
      waiting.swap(waiting_);
    }
    Result<void> outcome = reload_now();
    MutexLock lock(mutex_);
    for (const auto& reload : waiting) {
      reload->outcome = outcome;
      reload->done = true;
    }
    reloaded_.notify_all();
  }
}

Result<void> Server::stop() {
  enter(Phase::kStopping);
  {
    MutexLock lock(mutex_);
    for (const auto& reload : waiting_) {
      reload->outcome = Error{Code::kUnavailable, "the server is stopping"};
      reload->done = true;
    }
    waiting_.clear();
    reloaded_.notify_all();
  }
  const std::shared_ptr<const Loaded> now = loaded();
  Result<void> drained = graph_->drain(timeout(now->config, "drain_timeout"));
  workers_->refuse();
  Result<void> stopped = graph_->stop(timeout(now->config, "stop_timeout"));
  return drained.ok() ? stopped : drained;
}

void Server::request_quit() {
  quit_requested_.store(true);
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_fd_, &one, sizeof one);
}

void Server::request_reload() {
  reload_requested_.store(true);
  uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_fd_, &one, sizeof one);
}

Result<void> Server::reload_now() {
  auto attempt = [&]() -> Result<void> {
    LoadOptions options = options_;
    const std::shared_ptr<const Loaded> now = loaded();
    options.loaded = now->plugins;
    config::Problems problems;
    auto next = std::make_shared<Loaded>(load(options, &problems));
    if (!problems.empty()) return Error{Code::kInvalidArgument, lines_of(problems)};
    config::Changes changes = config::compare(now->config, next->config);
    if (!changes.need_restart.empty()) {
      return Error{Code::kFailedPrecondition,
                   "nothing was applied, these changes need a restart: " + config::join(changes.need_restart)};
    }
    NIGHTLIGHT_TRY(graph_->reconfigure(next->config));
    {
      MutexLock lock(mutex_);
      loaded_ = std::move(next);
    }
    apply_log_settings();
    log_->write(LogLevel::kInfo, "config reloaded", {{"changed", config::join(changes.reloadable)}});
    return {};
  };
  Result<void> outcome = attempt();
  if (!outcome.ok()) log_->write(LogLevel::kError, "config reload refused", {{"error", outcome.error().message}});
  note_reload(outcome);
  return outcome;
}

Status Server::config_yaml(TextSink* out) noexcept {
  return out->write(str(config::print_effective(loaded()->config, config::Origins::kHidden)));
}

Status Server::build_json(TextSink* out) noexcept {
  nlohmann::ordered_json json = {{"version", build_.version}, {"revision", build_.revision},
                                 {"branch", build_.branch},   {"buildUser", build_.user},
                                 {"buildDate", build_.date},  {"compiler", build_.compiler}};
  return out->write(str(dump(json)));
}

Status Server::runtime_json(TextSink* out) noexcept {
  char host[256] = "", directory[4096] = "";
  (void)::gethostname(host, sizeof host - 1);
  if (::getcwd(directory, sizeof directory) == nullptr) directory[0] = '\0';
  MutexLock lock(mutex_);
  nlohmann::ordered_json json = {{"startTimeMs", start_time_ms_},
                                 {"reloadConfigSuccess", reload_failed_ms_ == 0},
                                 {"lastConfigTimeMs", last_reload_ms_},
                                 {"reloadFailedMs", reload_failed_ms_},
                                 {"phase", name_of(phase_.load(std::memory_order_acquire))},
                                 {"phaseSinceMs", phase_ms_},
                                 {"cwd", directory},
                                 {"hostname", host}};
  return out->write(str(dump(json)));
}

Status Server::flags_json(TextSink* out) noexcept {
  std::shared_ptr<const Loaded> loaded;
  {
    MutexLock lock(mutex_);
    loaded = loaded_;
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  json["config.file"] = options_.config_path;
  const config::ShortForm& form = loaded->config.short_form;
  for (auto [section, fields] : {std::pair("server", &form.server), {"storage", &form.storage}, {"tls", &form.tls}}) {
    if (!form.used) break;
    for (const config::CheckedField& field : *fields) {
      if (field.value.kind == ValueKind::kNull) continue;
      json[std::string(section) + "." + std::string(view(field.field->name))] = to_text(field.value, field.field->type);
    }
  }
  return out->write(str(dump(json)));
}

Status Server::metrics_text(TextSink* out) noexcept { return out->write(str(metrics_.text())); }

Status Server::ready() noexcept {
  Phase phase = phase_.load(std::memory_order_acquire);
  if (phase != Phase::kRunning) return fail_with(Code::kUnavailable, name_of(phase));
  return to_status(graph_->health());
}

Status Server::reload() noexcept {
  auto reload = std::make_shared<Reload>();
  {
    MutexLock lock(mutex_);
    if (phase_.load() != Phase::kRunning) return fail_with(Code::kUnavailable, "the server is not running");
    waiting_.push_back(reload);
  }
  request_reload();
  MutexLock lock(mutex_);
  while (!reload->done) reloaded_.wait(mutex_);
  return to_status(reload->outcome);
}

Status Server::quit() noexcept {
  request_quit();
  return kOkStatus;
}

}  // namespace nightlight::runtime
