#include "remote_write/columns.h"

#include <cmath>

#include "model/stale_marker.h"
#include "nightlight/sugar.h"

namespace nightlight::remote_write {
namespace {

constexpr char kFutureText[] = "out of bounds: timestamp is too far in the future";

}  // namespace

bool Columns::is_storable(double value) { return std::isfinite(value) || is_stale_marker(value); }

void Columns::refuse_sample(int64_t timestamp_ms, const SamplePolicy& policy) {
  if (timestamp_ms > policy.newest_ms) {
    rejections.push_back({series_count(), RejectReason::kOutOfBounds, kFutureText});
  } else if (policy.non_finite == NonFinite::kReject) {
    rejections.push_back({series_count(), RejectReason::kNonFinite, "value is not a finite number"});
  } else {
    ++dropped_samples;
  }
}

void Columns::add_histogram(const Histogram* histogram, const SamplePolicy& policy) {
  if (histogram->timestamp_ms > policy.newest_ms) {
    rejections.push_back({series_count(), RejectReason::kOutOfBounds, kFutureText});
  } else {
    histograms.push_back(histogram);
  }
}

void Columns::remove_series(const std::vector<bool>& removed) {
  std::vector<uint32_t> position(series_count());
  uint32_t kept = 0;
  uint32_t label_begin = 0, label_count = 0, sample_begin = 0, sample_count = 0, histogram_begin = 0,
           histogram_count = 0;
  for (uint32_t i = 0; i < series_count(); ++i) {
    uint32_t label_end = label_ends[i], sample_end = sample_ends[i], histogram_end = histogram_ends[i];
    position[i] = kept;
    if (!removed[i]) {
      keys[kept] = keys[i];
      refs[kept] = refs[i];
      for (uint32_t j = label_begin; j < label_end; ++j) labels[label_count++] = labels[j];
      for (uint32_t j = sample_begin; j < sample_end; ++j, ++sample_count) {
        timestamps_ms[sample_count] = timestamps_ms[j];
        values[sample_count] = values[j];
        if (!start_timestamps_ms.empty()) start_timestamps_ms[sample_count] = start_timestamps_ms[j];
      }
      for (uint32_t j = histogram_begin; j < histogram_end; ++j) histograms[histogram_count++] = histograms[j];
      label_ends[kept] = label_count;
      sample_ends[kept] = sample_count;
      histogram_ends[kept] = histogram_count;
      ++kept;
    }
    label_begin = label_end;
    sample_begin = sample_end;
    histogram_begin = histogram_end;
  }
  keys.resize(kept);
  refs.resize(kept);
  label_ends.resize(kept);
  sample_ends.resize(kept);
  histogram_ends.resize(kept);
  labels.resize(label_count);
  timestamps_ms.resize(sample_count);
  values.resize(sample_count);
  if (!start_timestamps_ms.empty()) start_timestamps_ms.resize(sample_count);
  histograms.resize(histogram_count);

  size_t exemplar_count = 0;
  for (const Exemplar* exemplar : exemplars) {
    if (removed[exemplar->series]) continue;
    Exemplar moved = *exemplar;
    moved.series = position[exemplar->series];
    exemplars[exemplar_count++] = make(moved);
  }
  exemplars.resize(exemplar_count);
}

WriteBatch Columns::batch(const CallContext* context, uint32_t flags) const {
  WriteBatch out{};
  out.struct_size = sizeof out;
  out.flags = flags;
  out.context = context;
  out.series_count = series_count();
  out.refs = view_of(refs);
  out.keys = view_of(keys);
  out.labels = view_of(labels);
  out.label_ends = view_of(label_ends);
  out.sample_ends = view_of(sample_ends);
  out.timestamps_ms = view_of(timestamps_ms);
  out.values = view_of(values);
  out.start_timestamps_ms = view_of(start_timestamps_ms);
  if (!histograms.empty()) out.histogram_ends = view_of(histogram_ends);
  out.histograms = view_of(histograms);
  out.exemplars = view_of(exemplars);
  out.metadata = view_of(metadata);
  return out;
}

void Columns::clear() {
  keys.clear();
  timestamps_ms.clear();
  start_timestamps_ms.clear();
  values.clear();
  sample_ends.clear();
  histogram_ends.clear();
  histograms.clear();
  exemplars.clear();
  metadata.clear();
  rejections.clear();
  dropped_samples = 0;
  refs.clear();
  labels.clear();
  label_ends.clear();
  arena_.release();
}

}  // namespace nightlight::remote_write
