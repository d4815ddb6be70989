// Times of the query, of samples, and the calendar.
#include <cmath>
#include <limits>

#include "promql_std/calendar.h"
#include "promql_std/definition.h"
#include "promql_std/map_column.h"

namespace nightlight::promql_std {
namespace {

double seconds(int64_t time_ms) { return static_cast<double>(time_ms) / 1000; }

// Truncated; what no integer holds becomes the least one, as a conversion does on the hardware that Prometheus runs on.
int64_t whole_seconds(double v) {
  constexpr double kLimit = 9223372036854775808.0;
  return v >= -kLimit && v < kLimit ? static_cast<int64_t>(v) : std::numeric_limits<int64_t>::min();
}

double minute(double v) { return date_of(whole_seconds(v)).minute; }
double hour(double v) { return date_of(whole_seconds(v)).hour; }
double day_of_week(double v) { return date_of(whole_seconds(v)).day_of_week; }
double day_of_month(double v) { return date_of(whole_seconds(v)).day; }
double day_of_year(double v) { return date_of(whole_seconds(v)).day_of_year; }
double days_in_month(double v) { return date_of(whole_seconds(v)).days_in_month; }
double month(double v) { return date_of(whole_seconds(v)).month; }
double year(double v) { return static_cast<double>(date_of(whole_seconds(v)).year); }

Status time(Scope& scope, double* out) {
  for (uint64_t step = 0; step < scope.steps(); ++step) out[step] = seconds(scope.time_ms(step));
  return kOkStatus;
}

Status constant(Scope& scope, double* out, double value) {
  for (uint64_t step = 0; step < scope.steps(); ++step) out[step] = value;
  return kOkStatus;
}

Status start(Scope& scope, double* out) { return constant(scope, out, seconds(scope.evaluation().query_start_ms)); }
Status end(Scope& scope, double* out) { return constant(scope, out, seconds(scope.evaluation().query_end_ms)); }
Status range(Scope& scope, double* out) {
  return constant(scope, out, seconds(scope.evaluation().query_end_ms - scope.evaluation().query_start_ms));
}
Status step(Scope& scope, double* out) { return constant(scope, out, seconds(scope.evaluation().query_step_ms)); }

Status timestamp(Scope& scope, const Column& in, ColumnOut& out) {
  for (uint64_t i = 0; i < scope.steps(); ++i) {
    if (!has_float(in, i) && histogram_at(in, i) == nullptr) continue;
    emit(out, i, seconds(in.sample_timestamps_ms == nullptr ? scope.time_ms(i) : in.sample_timestamps_ms[i]));
  }
  return kOkStatus;
}

// Nothing without start timestamps: of an expression, or when the query does not use them.
Status start_timestamp(Scope& scope, const Column& in, ColumnOut& out) {
  if (in.start_timestamps_ms == nullptr || !scope.has(kUseStartTimestamps)) return kOkStatus;
  for (uint64_t i = 0; i < scope.steps(); ++i) {
    if (has_float(in, i) || histogram_at(in, i) != nullptr) emit(out, i, seconds(in.start_timestamps_ms[i]));
  }
  return kOkStatus;
}

// Time dependent, as the argument that may be left out is the time.
constexpr Definition calendar(std::string_view name, ColumnKernel kernel, std::string_view doc) {
  return column_function(name, view_of(kVectorOnly), kernel, doc, kTimeDependent, 1);
}

constexpr uint32_t kOfSamples = kNeedsSampleTimestamps | kNeedsHistograms;

constexpr Definition kFunctions[] = {
    scalar_function("time", kNoArguments, time, "The evaluation time in seconds since 1970.", kTimeDependent),
    scalar_function("start", kNoArguments, start, "The start of the query in seconds.", kExperimental),
    scalar_function("end", kNoArguments, end, "The end of the query in seconds.", kExperimental),
    scalar_function("range", kNoArguments, range, "The length of the query's range in seconds.", kExperimental),
    scalar_function("step", kNoArguments, step, "The step of the query in seconds.", kExperimental),
    column_function("timestamp", view_of(kVectorOnly), timestamp, "When each value was sampled, in seconds.",
                    kOfSamples | kTimeDependent),
    column_function("start_timestamp", view_of(kVectorOnly), start_timestamp,
                    "Since when each counter has been counting, in seconds; 0 when that is unknown.",
                    kOfSamples | kExperimental),
    calendar("minute", map_column<minute>, "The minute of the hour, in UTC."),
    calendar("hour", map_column<hour>, "The hour of the day, in UTC."),
    calendar("day_of_week", map_column<day_of_week>, "The day of the week, in UTC; 0 is Sunday."),
    calendar("day_of_month", map_column<day_of_month>, "The day of the month, in UTC."),
    calendar("day_of_year", map_column<day_of_year>, "The day of the year, in UTC."),
    calendar("days_in_month", map_column<days_in_month>, "The number of days of the month, in UTC."),
    calendar("month", map_column<month>, "The month of the year, in UTC."),
    calendar("year", map_column<year>, "The year, in UTC."),
};

}  // namespace

std::span<const Definition> time_functions() { return kFunctions; }

}  // namespace nightlight::promql_std
