// Durations and sizes as people write them: "15d", "1h30m", "512MiB".
#ifndef NIGHTLIGHT_BASE_PARSE_H_
#define NIGHTLIGHT_BASE_PARSE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nightlight {

// A Prometheus duration in milliseconds: units y w d h m s ms, descending, each at most once, integers, y = 365 d; or
// "0". `negative` allows a leading '-'.
Result<int64_t> parse_duration_ms(std::string_view text, bool negative = false);

// The shortest such text, as Prometheus prints durations ("1h30m", "0s").
std::string format_duration_ms(int64_t duration_ms);

// Bytes: an integer with an optional unit B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB.
Result<uint64_t> parse_bytes(std::string_view text);
// "512MiB", "3.5GiB", "12B".
std::string format_bytes(uint64_t size_bytes);

// The shortest decimal text that reads back as the same double, as Go's strconv with format 'f' and precision -1.
std::string format_double_plain(double value);
// As Prometheus writes sample values: plain, but with an exponent below 1e-6 and from 1e21 on; "NaN", "+Inf", "-Inf".
std::string format_double(double value);
// As Go's %g with the shortest precision: exponent below 1e-4 and from 1e6 on.
std::string format_double_g(double value);

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_PARSE_H_
