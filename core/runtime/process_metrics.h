// process_* figures, as Prometheus' clients name them, from /proc.
#ifndef NIGHTLIGHT_RUNTIME_PROCESS_METRICS_H_
#define NIGHTLIGHT_RUNTIME_PROCESS_METRICS_H_

#include "nightlight/host.h"

namespace nightlight::runtime {

class ProcessMetrics final : public MetricsSource {
 public:
  void collect(MetricsSink* sink) noexcept override;
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_PROCESS_METRICS_H_
