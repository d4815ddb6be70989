// Times, durations and numbers as people write and read them.
#ifndef NIGHTLIGHT_CTL_VALUES_H_
#define NIGHTLIGHT_CTL_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nightlight::ctl {

// "1h30m", "250ms", or seconds: "15", "0.5". Milliseconds; nothing when it is none.
std::optional<int64_t> parse_duration_ms(std::string_view text);

// "now", "now-1h", "now+5m", Unix seconds with a fraction, or RFC 3339. Milliseconds.
std::optional<int64_t> parse_time_ms(std::string_view text, int64_t now_ms);

// A float as Prometheus writes it: "1.5", "NaN", "+Inf", "-0", "1e-07".
std::string format_value(double value);
// A float as Prometheus' text format and Go's ParseFloat have it: "1", "1e3", "NaN", "+Inf", "-inf". Nothing when it is
// none.
std::optional<double> parse_value(std::string_view text);

// "2026-01-02T03:04:05.678Z", without a fraction when it is whole.
std::string format_time(int64_t time_ms);
// Unix seconds, as JSON numbers: "1700000000" or "1700000000.5".
std::string format_seconds(int64_t time_ms);

int64_t now_ms();

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_VALUES_H_
