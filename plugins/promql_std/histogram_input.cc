#include "promql_std/histogram_input.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "model/labels.h"
#include "promql_std/go_float.h"
#include "promql_std/notes.h"

namespace nightlight::promql_std {
namespace {

bool has_floats(const Scope& scope, const Column& column) {
  for (uint64_t word = 0; word < valid_words(scope.steps()); ++word) {
    if (column.valid[word] != 0) return true;
  }
  return false;
}

bool has_histograms(const Scope& scope, const Column& column) {
  for (uint64_t step = 0; column.histograms != nullptr && step < scope.steps(); ++step) {
    if (column.histograms[step] != nullptr) return true;
  }
  return false;
}

std::vector<LabelPair> without_bound(View<LabelPair> labels) {
  std::vector<LabelPair> out;
  for (const LabelPair& label : labels) {
    if (view(label.name) != kBucketLabel) out.push_back(label);
  }
  return out;
}

}  // namespace

HistogramInput::HistogramInput(const Scope& scope, uint32_t argument) : scope_(scope), argument_(argument) {
  std::unordered_multimap<uint64_t, size_t> by_hash;
  auto find = [&](View<LabelPair> labels, uint64_t hash) -> std::optional<size_t> {
    for (auto [at, end] = by_hash.equal_range(hash); at != end; ++at) {
      if (equal_labels(view_of(classic_[at->second].labels), labels)) return at->second;
    }
    return std::nullopt;
  };
  for (const Column* column : scope.argument(argument).vector) {
    if (has_histograms(scope, *column)) native_.push_back(column);
    if (!has_floats(scope, *column)) continue;
    std::string_view text = label_value(column->labels, kBucketLabel);
    std::optional<double> bound = parse_go_float(text);
    if (!bound || std::isnan(*bound)) {
      scope.warn(notes::bad_bucket(text, known_name(column->labels)), argument);
      continue;
    }
    std::vector<LabelPair> labels = without_bound(column->labels);
    uint64_t hash = hash_labels(view_of(labels));
    std::optional<size_t> found = find(view_of(labels), hash);
    if (!found) {
      found = classic_.size();
      by_hash.emplace(hash, *found);
      classic_.push_back({std::move(labels), {}});
    }
    classic_[*found].series.push_back({*bound, column});
  }
  for (Classic& histogram : classic_) {
    std::stable_sort(histogram.series.begin(), histogram.series.end(),
                     [](const Classic::Series& a, const Classic::Series& b) { return a.upper < b.upper; });
  }
  for (const Column* column : native_) {
    if (auto found = find(column->labels, hash_labels(column->labels))) {
      native_twin_[&classic_[*found]] = column;
      classic_twin_[column] = &classic_[*found];
    }
  }
}

std::string_view HistogramInput::known_name(View<LabelPair> labels) const {
  return scope_.has(kDelayedNameRemoval) ? label_value(labels, kMetricNameLabel) : std::string_view{};
}

bool HistogramInput::has_buckets(const Classic& histogram, uint64_t step) const {
  return std::any_of(histogram.series.begin(), histogram.series.end(),
                     [&](const Classic::Series& series) { return has_float(*series.column, step); });
}

void HistogramInput::buckets_at(const Classic& histogram, uint64_t step, std::vector<ClassicBucket>& out) const {
  out.clear();
  auto twin = native_twin_.find(&histogram);
  if (twin != native_twin_.end() && histogram_at(*twin->second, step) != nullptr) return;
  for (const Classic::Series& series : histogram.series) {
    if (has_float(*series.column, step)) out.push_back({series.upper, series.column->values[step]});
  }
}

const Histogram* HistogramInput::native_at(const Column& column, uint64_t step) const {
  const Histogram* histogram = histogram_at(column, step);
  if (histogram == nullptr) return nullptr;
  auto twin = classic_twin_.find(&column);
  if (twin == classic_twin_.end() || !has_buckets(*twin->second, step)) return histogram;
  scope_.warn(notes::mixed_classic_native(known_name(column.labels)), argument_);
  return nullptr;
}

}  // namespace nightlight::promql_std
