// The words of warnings and infos, which are Prometheus'.
#ifndef NIGHTLIGHT_PROMQL_STD_NOTES_H_
#define NIGHTLIGHT_PROMQL_STD_NOTES_H_

#include <string>
#include <string_view>

namespace nightlight::promql_std::notes {

std::string mixed_floats_histograms(std::string_view metric);
std::string mixed_classic_native(std::string_view metric);
std::string mixed_schemas(std::string_view metric);
std::string not_a_counter(std::string_view metric);
std::string not_a_gauge(std::string_view metric);
std::string maybe_not_a_counter(std::string_view metric);
std::string type_not_a_counter(std::string_view metric, std::string_view type);
std::string start_time_overlap(std::string_view metric);
std::string histograms_ignored(std::string_view metric);
std::string invalid_quantile(double quantile);
std::string invalid_strategy(double strategy);
std::string bad_bucket(std::string_view bound, std::string_view metric);
std::string nan_result(std::string_view metric);
std::string nan_skew(std::string_view metric);
std::string nan_fraction(std::string_view metric);
// operation: addition, subtraction or aggregation.
std::string hint_conflict(std::string_view operation);
std::string bounds_reconciled(std::string_view operation);

// What histogram_quantile had to repair, over all steps and series of a metric.
struct ForcedMonotonicity {
  double lowest_bound, highest_bound, largest_difference;
  int64_t first_ms, last_ms;
  uint64_t samples;
};
std::string forced_monotonicity(std::string_view metric, const ForcedMonotonicity& repair);

}  // namespace nightlight::promql_std::notes

#endif  // NIGHTLIGHT_PROMQL_STD_NOTES_H_
