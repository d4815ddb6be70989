#include "promql/nhcb.h"

#include <cmath>
#include <limits>
#include <optional>

#include "model/histogram_validation.h"
#include "promql/series_line.h"

namespace nightlight::test {
namespace {

// What is known of one histogram at one time.
struct Classic {
  std::map<double, double> cumulative;  // By upper bound.
  std::optional<double> count;
  double sum = 0;
};

Result<FloatHistogram> convert(const Classic& classic) {
  std::map<double, double> cumulative = classic.cumulative;
  if (cumulative.empty() && !classic.count) {
    return Error{Code::kInvalidArgument, "count must be provided when no buckets are present"};
  }
  double count = classic.count ? *classic.count : cumulative.rbegin()->second;
  cumulative.emplace(std::numeric_limits<double>::infinity(), count);
  FloatHistogram out;
  out.schema = kCustomBucketsSchema;
  out.count = count;
  out.sum = classic.sum;
  out.positive.spans.push_back({0, static_cast<uint32_t>(cumulative.size())});
  double previous = 0;
  for (const auto& [bound, total] : cumulative) {
    out.positive.counts.push_back(total - previous);
    previous = total;
    if (std::isfinite(bound) || bound < 0) out.custom_values.push_back(bound);
  }
  out.compact();
  Histogram view = out.view(0);
  Result<void> valid = validate_histogram(view);
  if (!valid.ok()) return std::move(valid).error().with("invalid float histogram");
  return out;
}

bool strip_suffix(std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

}  // namespace

Result<std::map<Labels, std::vector<Sample>>> convert_classic_histograms(
    const std::map<Labels, std::vector<Sample>>& classic) {
  std::map<Labels, std::map<int64_t, Classic>> found;
  for (const auto& [labels, samples] : classic) {
    std::string name(labels[kMetricNameLabel]);
    bool bucket = strip_suffix(name, "_bucket");
    bool count = !bucket && strip_suffix(name, "_count");
    bool sum = !bucket && !count && strip_suffix(name, "_sum");
    if (!bucket && !count && !sum) continue;
    double bound = 0;
    if (bucket) {
      Result<double> parsed = parse_signed_number(labels[kBucketLabel]);
      if (!parsed.ok() || std::isnan(*parsed)) continue;
      bound = *parsed;
    }
    LabelsBuilder builder(labels.view());
    builder.set(kMetricNameLabel, name);
    if (bucket) builder.erase(kBucketLabel);
    std::map<int64_t, Classic>& times = found[Labels(builder.labels())];
    for (const Sample& sample : samples) {
      if (sample.histogram) continue;
      Classic& at = times[sample.timestamp_ms];
      if (bucket) at.cumulative.emplace(bound, sample.value);
      if (count) at.count = sample.value;
      if (sum) at.sum = sample.value;
    }
  }
  std::map<Labels, std::vector<Sample>> out;
  for (const auto& [labels, times] : found) {
    for (const auto& [time_ms, histogram] : times) {
      NIGHTLIGHT_ASSIGN(converted, convert(histogram));
      out[labels].push_back(Sample{time_ms, 0, 0, std::move(converted)});
    }
  }
  return out;
}

}  // namespace nightlight::test
