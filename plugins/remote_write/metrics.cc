#include "remote_write/metrics.h"

#include <string_view>

#include "nightlight/sugar.h"

namespace nightlight::remote_write {
namespace {

constexpr std::string_view kProtocolNames[] = {"1.0", "2.0"};
constexpr std::string_view kFailureNames[kFailureCount] = {
    "encoding", "too_large", "corrupt", "content_type", "message", "rejected", "busy", "unavailable", "internal"};
constexpr std::string_view kReasonNames[kReasonCount] = {"out_of_order",  "duplicate",         "too_old",
                                                         "out_of_bounds", "invalid_histogram", "invalid_labels",
                                                         "limit",         "non_finite",        "invalid_exemplar"};

Status counter(Host* host, std::string_view name, std::string_view help, std::initializer_list<KeyValue> labels,
               uint64_t** cell) {
  MetricSpec spec{};
  spec.struct_size = sizeof spec;
  spec.type = MetricType::kCounter;
  spec.name = str(name);
  spec.help = str(help);
  spec.labels = View<KeyValue>{labels.begin(), labels.size()};
  MetricCells cells{};
  Status status = host->metric(&spec, &cells);
  *cell = cells.count;
  return status;
}

}  // namespace

Status Metrics::configure(Host* host) {
  Status status = kOkStatus;
  auto add = [&](std::string_view name, std::string_view help, std::initializer_list<KeyValue> labels,
                 uint64_t** cell) {
    if (status.ok()) status = counter(host, name, help, labels, cell);
  };
  for (size_t p = 0; p < 2; ++p) {
    KeyValue label{str("protocol"), str(kProtocolNames[p])};
    PerProtocol& m = protocol[p];
    add("nightlight_remote_write_requests_total", "Requests whose message was decoded.", {label}, &m.requests);
    add("nightlight_remote_write_samples_total", "Float samples stored.", {label}, &m.samples);
    add("nightlight_remote_write_histograms_total", "Histogram samples stored.", {label}, &m.histograms);
    add("nightlight_remote_write_exemplars_total", "Exemplars stored.", {label}, &m.exemplars);
    add("nightlight_remote_write_invalid_labels_samples_total",
        "Samples lost because the labels of their series are invalid.", {label}, &m.skipped_samples);
    add("nightlight_remote_write_non_finite_dropped_samples_total", "Samples dropped because they are not finite.",
        {label}, &m.dropped_samples);
    for (size_t r = 0; r < kReasonCount; ++r) {
      add("nightlight_remote_write_rejected_total", "Samples, histograms and exemplars that were refused.",
          {label, KeyValue{str("reason"), str(kReasonNames[r])}}, &m.rejected[r]);
    }
  }
  for (size_t f = 0; f < kFailureCount; ++f) {
    add("nightlight_remote_write_failed_requests_total", "Requests that were answered with an error.",
        {KeyValue{str("reason"), str(kFailureNames[f])}}, &failures[f]);
  }
  return status;
}

}  // namespace nightlight::remote_write
