#include "promql_std/notes.h"

#include <cstdio>

#include "base/parse.h"
#include "model/labels.h"
#include "promql_std/calendar.h"

namespace nightlight::promql_std::notes {
namespace {

std::string of_metric(std::string text, std::string_view metric) { return std::move(text) + quote(metric); }

// These name the metric only as long as its name is known.
std::string for_known_metric(std::string text, std::string_view metric) {
  return metric.empty() ? text : std::move(text) + " for metric name " + quote(metric);
}

std::string rfc3339(int64_t time_ms) {
  Date d = date_of(time_ms / 1000);
  char text[80];
  std::snprintf(text, sizeof text, "%04lld-%02d-%02dT%02d:%02d:%02dZ", static_cast<long long>(d.year), d.month, d.day,
                d.hour, d.minute, d.second);
  return text;
}

}  // namespace

std::string mixed_floats_histograms(std::string_view metric) {
  return of_metric("encountered a mix of histograms and floats for metric name ", metric);
}
std::string mixed_classic_native(std::string_view metric) {
  return for_known_metric("vector contains a mix of classic and native histograms", metric);
}
std::string mixed_schemas(std::string_view metric) {
  return of_metric("vector contains a mix of histograms with exponential and custom buckets schemas for metric name ",
                   metric);
}
std::string not_a_counter(std::string_view metric) {
  return of_metric("this native histogram metric is not a counter: ", metric);
}
std::string not_a_gauge(std::string_view metric) {
  return of_metric("this native histogram metric is not a gauge: ", metric);
}
std::string maybe_not_a_counter(std::string_view metric) {
  return of_metric("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ", metric);
}
std::string type_not_a_counter(std::string_view metric, std::string_view type) {
  return of_metric("metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got " +
                       quote(type) + ": ",
                   metric);
}
std::string start_time_overlap(std::string_view metric) {
  return of_metric("sample has start time that overlaps with previous sample timestamp for metric ", metric);
}
std::string histograms_ignored(std::string_view metric) {
  return of_metric("ignored histograms in a range containing both floats and histograms for metric name ", metric);
}
std::string invalid_quantile(double quantile) {
  return "quantile value should be between 0 and 1, got " + format_double_g(quantile);
}
std::string invalid_strategy(double strategy) {
  return "strategy should be 0, 1, or 2 (default), using 2, got " + format_double_g(strategy);
}
std::string bad_bucket(std::string_view bound, std::string_view metric) {
  return for_known_metric("bucket label \"le\" is missing or has a malformed value of " + quote(bound), metric);
}
std::string nan_result(std::string_view metric) {
  return for_known_metric("input to histogram_quantile has NaN observations, result is NaN", metric);
}
std::string nan_skew(std::string_view metric) {
  return for_known_metric("input to histogram_quantile has NaN observations, result is skewed higher", metric);
}
std::string nan_fraction(std::string_view metric) {
  return for_known_metric("input to histogram_fraction has NaN observations, which are excluded from all fractions",
                          metric);
}
std::string hint_conflict(std::string_view operation) {
  return "conflicting counter resets during histogram " + std::string(operation);
}
std::string bounds_reconciled(std::string_view operation) {
  return "mismatched custom buckets were reconciled during " + std::string(operation);
}

std::string forced_monotonicity(std::string_view metric, const ForcedMonotonicity& repair) {
  char difference[40];
  std::snprintf(difference, sizeof difference, "%.2g", repair.largest_difference);
  return for_known_metric(
             "input to histogram_quantile needed to be fixed for monotonicity (see "
             "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
             metric) +
         ", from buckets " + format_double_g(repair.lowest_bound) + " to " + format_double_g(repair.highest_bound) +
         ", with a max diff of " + difference + ", over " + std::to_string(repair.samples) + " samples from " +
         rfc3339(repair.first_ms) + " to " + rfc3339(repair.last_ms);
}

}  // namespace nightlight::promql_std::notes
