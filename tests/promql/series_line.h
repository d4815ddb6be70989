// The series lines of PromQL test scripts: `name{a="b"} 1 2+3x4 _ {{schema:0 sum:1 count:1 buckets:[1]}}`.
#ifndef NIGHTLIGHT_TESTS_PROMQL_SERIES_LINE_H_
#define NIGHTLIGHT_TESTS_PROMQL_SERIES_LINE_H_

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/float_histogram.h"
#include "model/labels.h"

namespace nightlight::test {

// One position of a series line.
struct SequenceValue {
  bool omitted = false;
  double value = 0;
  std::optional<FloatHistogram> histogram;
  bool hint_given = false;  // The histogram's counter_reset_hint was written.
};

struct SeriesLine {
  Labels labels;
  std::vector<SequenceValue> values;
  // Of `name{...}@st` lines: offsets to the samples' timestamps, nothing for `_`.
  bool start_timestamps = false;
  std::vector<std::optional<int64_t>> start_offsets_ms;
};

inline constexpr size_t kMaxSequenceValues = 1'000'000;  // Of one line.

Result<SeriesLine> parse_series_line(std::string_view line);

// A number as the query language writes it, with sign, and durations as seconds: what scalar results are written as.
Result<double> parse_signed_number(std::string_view text);

}  // namespace nightlight::test

#endif  // NIGHTLIGHT_TESTS_PROMQL_SERIES_LINE_H_
