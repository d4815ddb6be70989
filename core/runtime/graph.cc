#include "runtime/graph.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "runtime/breadcrumb.h"
#include "runtime/instance_config.h"

namespace nightlight::runtime {
namespace {

// How much longer than its deadline a call may take before the process is ended.
constexpr std::chrono::seconds kGrace{5};

int64_t nanoseconds(Watchdog::Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

Error failure(const std::string& instance, const char* method, Code code) {
  std::string text = "instance \"" + instance + "\" failed to " + method;
  if (!last_error_text().empty()) text += ": " + last_error_text();
  return Error{code, std::move(text)};
}

// Such an instance hears of every reload, also of one that changed nothing: files that it names may have changed.
bool is_reloadable(const Component& component) {
  return std::any_of(component.fields.begin(), component.fields.end(),
                     [](const ConfigField* field) { return (field->flags & kReloadable) != 0; });
}

// Calls a method of an instance with its breadcrumb, and turns a failing Status into an Error with its text.
template <class Method>
Result<void> call(const std::string& instance, const char* name, Method&& method) {
  Breadcrumb crumb(instance.c_str(), name);
  (void)fail_with(Code::kOk, "");  // What an earlier call left is not this call's text.
  Status status = method();
  if (status.ok()) return {};
  return failure(instance, name, status.code);
}

Error misses_host_interface(const config::CheckedInstance& checked, Str id) {
  return Error{Code::kUnimplemented, "instance \"" + checked.name + "\" needs the host interface " +
                                         std::string(view(id)) +
                                         ", which this version does not have, use a newer nightlight"};
}

}  // namespace

void Graph::end_process(const std::string& what) {
  std::fprintf(stderr, "nightlight: %s, ending the process\n", what.c_str());
  ::_exit(1);
}

Graph::Graph(const Services& services, std::function<void(const std::string&)> overrun)
    : services_(services), watchdog_(std::move(overrun)) {}

Graph::~Graph() {
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (nodes_[i]->started) (void)nodes_[i]->instance->stop();
  }
  release_all();
}

Instance* Graph::find(std::string_view name) const {
  for (const auto& node : nodes_) {
    if (node->checked.name == name) return node->instance.get();
  }
  return nullptr;
}

Result<void> Graph::configure_node(const config::CheckedInstance& checked, Instance* instance, bool again) const {
  InstanceConfig config(checked, [this](std::string_view name) { return find(name); });
  return call(checked.name, again ? "reconfigure" : "configure",
              [&] { return again ? instance->reconfigure(&config) : instance->configure(&config); });
}

Result<void> Graph::configure(const config::CheckedConfig& checked) {
  auto abandon = [&](Error error) {
    release_all();
    return error;
  };
  for (const config::CheckedInstance& instance : checked.instances) {
    for (Str id : instance.component->requires_host) {
      if (!is_host_interface(id)) return abandon(misses_host_interface(instance, id));
    }
    auto node = std::make_unique<Node>();
    node->checked = instance;
    node->host = std::make_unique<InstanceHost>(instance.name, services_);
    Instance* made = nullptr;
    auto created = call(instance.name, "create", [&] { return instance.component->create(node->host.get(), &made); });
    if (!created.ok()) return abandon(std::move(created).error());
    if (made == nullptr)
      return abandon(Error{Code::kInternal, "instance \"" + instance.name + "\" was created as null"});
    node->instance.reset(made);
    nodes_.push_back(std::move(node));
  }
  for (const auto& node : nodes_) {
    if (auto done = configure_node(node->checked, node->instance.get(), false); !done.ok()) {
      return abandon(std::move(done).error());
    }
  }
  return {};
}

Result<void> Graph::start() {
  for (const auto& node : nodes_) {
    node->started = true;  // stop is called even when start fails.
    auto done = call(node->checked.name, "start", [&] { return node->instance->start(); });
    if (!done.ok()) {
      Error error = std::move(done).error();
      services_.log->write(LogLevel::kError, "start failed, stopping what had started",
                           {{"failed", node->checked.name}, {"error", error.message}});
      constexpr std::chrono::seconds kStopAfterFailure{30};
      (void)stop(kStopAfterFailure);
      return error;
    }
    node->metrics = static_cast<MetricsSource*>(node->instance->query(str(kMetricsSourceId)));
    if (node->metrics != nullptr) services_.metrics->add_source(node->checked.name, node->metrics);
    services_.log->write(LogLevel::kDebug, "started", {{"started", node->checked.name}});
  }
  return {};
}

Result<void> Graph::drain(std::chrono::milliseconds timeout) {
  auto deadline = Watchdog::Clock::now() + timeout;
  Result<void> first;
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = *nodes_[i];
    if (!node.started) continue;
    watchdog_.arm(deadline + kGrace, "instance \"" + node.checked.name + "\" did not return from drain in time");
    auto done = call(node.checked.name, "drain", [&] { return node.instance->drain(nanoseconds(deadline)); });
    watchdog_.disarm();
    if (done.ok()) continue;
    services_.log->write(LogLevel::kError, "drain failed",
                         {{"failed", node.checked.name}, {"error", done.error().message}});
    if (first.ok()) first = std::move(done);
  }
  return first;
}

Result<void> Graph::stop(std::chrono::milliseconds timeout) {
  auto deadline = Watchdog::Clock::now() + timeout;
  Result<void> first;
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = *nodes_[i];
    if (!node.started) continue;
    if (node.metrics != nullptr) services_.metrics->remove_source(node.metrics);
    node.metrics = nullptr;
    node.started = false;
    watchdog_.arm(deadline, "instance \"" + node.checked.name + "\" did not stop in time");
    auto done = call(node.checked.name, "stop", [&] { return node.instance->stop(); });
    watchdog_.disarm();
    if (done.ok()) continue;
    services_.log->write(LogLevel::kError, "stop failed",
                         {{"failed", node.checked.name}, {"error", done.error().message}});
    if (first.ok()) first = std::move(done);
  }
  return first;
}

Result<void> Graph::reconfigure(const config::CheckedConfig& next) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const config::CheckedInstance* checked = next.find(nodes_[i]->checked.name);
    NIGHTLIGHT_CHECK(checked != nullptr, "reconfigure with an instance less");
    if (!is_reloadable(*checked->component)) continue;
    auto done = configure_node(*checked, nodes_[i]->instance.get(), true);
    if (done.ok()) continue;
    for (size_t k = 0; k < i; ++k) {
      if (!is_reloadable(*nodes_[k]->checked.component)) continue;
      auto undone = configure_node(nodes_[k]->checked, nodes_[k]->instance.get(), true);
      if (!undone.ok()) services_.log->write(LogLevel::kError, "cannot go back", {{"error", undone.error().message}});
    }
    return done;
  }
  for (const auto& node : nodes_) node->checked = *next.find(node->checked.name);
  return {};
}

Result<void> Graph::health() {
  for (const auto& node : nodes_) {
    NIGHTLIGHT_TRY(call(node->checked.name, "be healthy", [&] { return node->instance->health(); }));
  }
  return {};
}

void Graph::release_all() {
  while (!nodes_.empty()) {
    Node& last = *nodes_.back();
    {
      Breadcrumb crumb(last.checked.name.c_str(), "release");
      last.instance.reset();
    }
    services_.metrics->remove(last.checked.name);
    nodes_.pop_back();
  }
}

}  // namespace nightlight::runtime
