#include "fuzz/query_world.h"

#include "promql/series_line.h"

namespace nightlight::fuzz {

void QueryWorld::fill() {
  constexpr int64_t kStepMs = 15'000;
  for (const char* line : {
           R"(a{job="x",instance="1"} 0+1x20)",
           R"(a{job="y",instance="2"} 5 _ _ NaN Inf -3 stale 7x8)",
           R"(b{job="x",instance="1"} 10-2x20)",
           R"(b{job="y",instance="1"} 1e300x20)",
           R"(c_bucket{job="x",le="1"} 0+1x20)",
           R"(c_bucket{job="x",le="+Inf"} 0+2x20)",
           R"(h{job="x"} {{schema:0 sum:5 count:4 buckets:[1 2 1]}}+{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x20)",
           R"(h{job="y"} {{schema:-53 sum:5 count:4 custom_values:[5 10] buckets:[1 2 1]}}x20)",
           R"(target_info{job="x",version="1"} 1x20)",
       }) {
    auto series = test::parse_series_line(line);
    require(series.ok());
    for (size_t i = 0; i < series->values.size(); ++i) {
      const test::SequenceValue& value = series->values[i];
      if (value.omitted) continue;
      test::Sample sample{static_cast<int64_t>(i) * kStepMs, 0, value.value, value.histogram};
      require(storage.append(series->labels, sample).ok());
    }
  }
}

}  // namespace nightlight::fuzz
