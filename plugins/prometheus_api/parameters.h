// Times, durations and limits as requests give them: Prometheus' forms, bounds and error texts.
#ifndef NIGHTLIGHT_PROMETHEUS_API_PARAMETERS_H_
#define NIGHTLIGHT_PROMETHEUS_API_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "prometheus_api/form.h"

namespace nightlight::prometheus_api {

// A time with the resolution that the 11,000-point rule sees.
struct Instant {
  int64_t ms = 0;
  int32_t ns = 0;             // 0 .. 999,999 after `ms`.
  bool milliseconds = false;  // It was given in milliseconds.
};

// Prometheus' earliest and latest times: what metadata requests without start and end ask for.
inline constexpr int64_t kMinTimeMs = -9'223'309'901'257'974'000;
inline constexpr int64_t kMaxTimeMs = 9'223'309'901'257'974'999;

inline bool operator<(const Instant& a, const Instant& b) { return a.ms != b.ms ? a.ms < b.ms : a.ns < b.ns; }
// b - a in nanoseconds, saturated.
int64_t nanoseconds_between(const Instant& a, const Instant& b);

// Seconds with a fraction, or RFC 3339. Numbers of 1e11 and more are milliseconds: seconds would be past the year 5138,
// and clients of older versions send them.
Result<Instant> parse_time(std::string_view text);

// Seconds with a fraction, or a Prometheus duration; nanoseconds. `milliseconds`: a plain number counts milliseconds.
Result<int64_t> parse_duration_ns(std::string_view text, bool milliseconds = false);

// A number as Go's strconv.ParseFloat reads it; none when it is not one or is out of range.
std::optional<double> parse_float(std::string_view text);
// An integer as Go's strconv.Atoi reads it, with its errors.
Result<int64_t> parse_int(std::string_view text);
// As Go's strconv.ParseBool.
std::optional<bool> parse_bool(std::string_view text);

// As Go prints a time.Duration: "1m0s", "1.5s", "0s".
std::string format_go_duration(int64_t duration_ns);
// "2026-11-24T17:24:42.815Z"
std::string format_rfc3339(int64_t time_ms);

// ---- of a form; errors are whole texts for the answer ----

Error invalid_parameter(std::string_view name, std::string_view detail);
Result<Instant> time_parameter(const Form& form, std::string_view name, int64_t default_ms);
Result<uint64_t> limit_parameter(const Form& form);

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_PARAMETERS_H_
