// The figures that the server publishes of itself: cells that instances bump without a call, and sources asked at each
// scrape.
#ifndef NIGHTLIGHT_RUNTIME_METRICS_H_
#define NIGHTLIGHT_RUNTIME_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "nightlight/host.h"

namespace nightlight::runtime {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // [any] The cells of a metric of `instance` ("" is the host itself); the same name and labels give the same cells.
  Result<MetricCells> cells(std::string_view instance, const MetricSpec& spec);

  // [any] `source` is asked at each scrape until remove_source returns. A source of "" adds no `instance_name` label.
  void add_source(std::string_view instance, MetricsSource* source);
  void remove_source(MetricsSource* source);

  // [any] Forgets the instance's cells.
  void remove(std::string_view instance);

  // [any] Prometheus' text format 0.0.4, families sorted by name, series by labels.
  std::string text();

 private:
  struct Series;
  struct Family;
  struct Source {
    std::string instance;
    MetricsSource* source;
  };

  Mutex mutex_;  // Guards the cells' table.
  std::map<std::string, Family, std::less<>> families_ GUARDED_BY(mutex_);
  Mutex sources_mutex_;  // Held while sources are asked, so that remove_source waits. Taken before mutex_.
  std::vector<Source> sources_ GUARDED_BY(sources_mutex_);
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_METRICS_H_
