// The instances of a config and their life: create -> configure -> start -> drain -> stop -> release, providers before
// those who need them and the other way round at the end. Everything here runs on the control thread, unless it says
// otherwise.
#ifndef NIGHTLIGHT_RUNTIME_GRAPH_H_
#define NIGHTLIGHT_RUNTIME_GRAPH_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "nightlight/sugar.h"
#include "runtime/instance_host.h"
#include "runtime/watchdog.h"

namespace nightlight::runtime {

class Graph {
 public:
  // `overrun` is told, on another thread, of an instance that did not return from drain or stop in time; the default
  // ends the process with status 1.
  explicit Graph(const Services& services, std::function<void(const std::string& what)> overrun = end_process);
  // Stops and releases whatever is left.
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  static void end_process(const std::string& what);

  // Creates and configures every instance. On failure the graph is empty again, and the error names the instance.
  Result<void> configure(const config::CheckedConfig& checked);

  // Starts every instance, providers first. When one fails, those that had started are stopped.
  Result<void> start();

  // Drains all, then stops all, dependents first. The error names the first instance that failed or left work undone;
  // all the others are stopped all the same.
  Result<void> drain(std::chrono::milliseconds timeout);
  Result<void> stop(std::chrono::milliseconds timeout);

  // Applies new values of reloadable fields; `next` has the same instances with the same other fields. When an instance
  // refuses, those before it get their old values back.
  Result<void> reconfigure(const config::CheckedConfig& next);

  // [any, between configure and the destructor] The first instance that is not well.
  Result<void> health();

  size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    config::CheckedInstance checked;
    std::unique_ptr<InstanceHost> host;
    Owned<Instance> instance;
    MetricsSource* metrics = nullptr;
    bool started = false;
  };

  Instance* find(std::string_view name) const;
  Result<void> configure_node(const config::CheckedInstance& checked, Instance* instance, bool again) const;
  void release_all();

  const Services services_;
  Watchdog watchdog_;
  std::vector<std::unique_ptr<Node>> nodes_;  // In start order.
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_GRAPH_H_
