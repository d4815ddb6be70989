// /api/v1/status/self_metrics: what /metrics shows, as protobuf's JSON form of MetricFamily.
#include <cmath>
#include <optional>

#include "model/matcher.h"
#include "nightlight/sugar.h"
#include "prometheus_api/endpoints.h"
#include "prometheus_api/exposition.h"

namespace nightlight::prometheus_api {
namespace {

// Protobuf has words for what is no number in JSON, and 64-bit integers as strings.
void write_double(JsonWriter& json, double value) {
  if (std::isnan(value)) return json.raw("\"NaN\"");
  if (std::isinf(value)) return json.raw(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  json.number(value);
}

void write_count(JsonWriter& json, uint64_t count) {
  json.raw("\"");
  json.raw(std::to_string(count));
  json.raw("\"");
}

void write_labels(JsonWriter& json, const ExposedMetric& metric) {
  if (metric.labels.empty()) return;
  json.raw("\"label\":[");
  for (size_t i = 0; i < metric.labels.size(); ++i) {
    json.raw(i == 0 ? "{\"name\":" : ",{\"name\":");
    json.plain_string(metric.labels[i].first);
    json.raw(",\"value\":");
    json.plain_string(metric.labels[i].second);
    json.raw("}");
  }
  json.raw("],");
}

void write_histogram(JsonWriter& json, const ExposedMetric& metric) {
  json.raw("\"histogram\":{\"sampleCount\":");
  write_count(json, metric.count);
  json.raw(",\"sampleSum\":");
  write_double(json, metric.value);
  json.raw(",\"bucket\":[");
  for (size_t i = 0; i < metric.buckets.size(); ++i) {
    const ExposedBucket& bucket = metric.buckets[i];
    if (std::isinf(bucket.upper_bound)) break;  // The last one is sampleCount.
    json.raw(i == 0 ? "{\"cumulativeCount\":" : ",{\"cumulativeCount\":");
    write_count(json, bucket.cumulative_count);
    json.raw(",\"upperBound\":");
    write_double(json, bucket.upper_bound);
    json.raw("}");
  }
  json.raw("]}");
}

void write_family(JsonWriter& json, const ExposedFamily& family) {
  const std::string& type = family.type;
  json.raw("{\"name\":");
  json.plain_string(family.name);
  json.raw(",\"help\":");
  json.plain_string(family.help);
  json.raw(",\"type\":");
  json.raw(type == "counter"     ? "\"COUNTER\""
           : type == "gauge"     ? "\"GAUGE\""
           : type == "histogram" ? "\"HISTOGRAM\""
                                 : "\"UNTYPED\"");
  json.raw(",\"metric\":[");
  for (const ExposedMetric& metric : family.metrics) {
    json.raw(&metric == family.metrics.data() ? "{" : ",{");
    write_labels(json, metric);
    if (type == "histogram") {
      write_histogram(json, metric);
    } else {
      json.raw("\"");
      json.raw(type);
      json.raw("\":{\"value\":");
      write_double(json, metric.value);
      json.raw("}");
    }
    json.raw("}");
  }
  json.raw("]}");
}

}  // namespace

Result<void> status_self_metrics(const Backend& backend, Call& call) {
  std::optional<LabelMatcher> pattern;
  if (std::string_view text = call.form.first("metric_name_pattern"); !text.empty()) {
    // Anchored in the text, as Prometheus does, so that errors quote the same.
    auto compiled = LabelMatcher::compile(MatchOp::kRegex, "__name__", "^(?:" + std::string(text) + ")$");
    if (!compiled.ok())
      return Error{Code::kInvalidArgument, "invalid metric_name_pattern: " + compiled.error().message};
    pattern = std::move(*compiled);
  }
  if (backend.status == nullptr) return Error{Code::kUnimplemented, "the host tells no metrics of its own"};
  TextBuffer text;
  if (Status status = backend.status->metrics_text(&text); !status.ok()) return error_of(backend.host, status);
  NIGHTLIGHT_ASSIGN(families, read_exposition(text.text));
  begin_success(call.json);
  call.json.raw("[");
  bool first = true;
  for (const ExposedFamily& family : families) {
    if (pattern && !pattern->matches(family.name)) continue;
    if (!first) call.json.raw(",");
    first = false;
    write_family(call.json, family);
  }
  call.json.raw("]");
  end_success(call.json, {});
  return {};
}

}  // namespace nightlight::prometheus_api
