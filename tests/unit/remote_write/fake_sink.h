// A sink that keeps what it gets as text, knows keys again, and can be told to refuse.
#ifndef NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_FAKE_SINK_H_
#define NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_FAKE_SINK_H_

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/labels.h"
#include "nightlight/sink.h"
#include "nightlight/sugar.h"

namespace nightlight::fakes {

class FakeSink final : public Sink {
 public:
  struct Row {
    std::string labels;
    std::vector<int64_t> times, starts;
    std::vector<double> values;
    std::vector<Histogram> histograms;
  };

  Status resolve(const CallContext*, View<Str> keys, uint64_t* refs) noexcept override {
    ++resolves;
    for (uint64_t i = 0; i < keys.size; ++i) {
      auto found = known.find(std::string(view(keys[i])));
      refs[i] = found == known.end() ? 0 : found->second;
    }
    return kOkStatus;
  }

  Status append(const WriteBatch* batch, AppendResult* result) noexcept override {
    ++appends;
    flags = batch->flags;
    if (stale) {
      stale = false;
      known.clear();
      names.clear();
      return Status{Code::kAborted, 0};
    }
    if (code != Code::kOk) return Status{code, 0};
    uint32_t label = 0, sample = 0, histogram = 0;
    for (uint64_t i = 0; i < batch->series_count; ++i) {
      Row row;
      uint32_t label_end = batch->label_ends[i];
      if (batch->refs[i] != 0) {
        row.labels = names.at(batch->refs[i]);
      } else {
        row.labels = format_labels(View<LabelPair>{batch->labels.data + label, label_end - label});
        uint64_t ref = known.size() + 1;
        known[std::string(view(batch->keys[i]))] = ref;
        names[ref] = row.labels;
      }
      label = label_end;
      for (; sample < batch->sample_ends[i]; ++sample) {
        row.times.push_back(batch->timestamps_ms[sample]);
        row.values.push_back(batch->values[sample]);
        if (!batch->start_timestamps_ms.empty()) row.starts.push_back(batch->start_timestamps_ms[sample]);
      }
      if (!batch->histogram_ends.empty()) {
        for (; histogram < batch->histogram_ends[i]; ++histogram)
          row.histograms.push_back(*batch->histograms[histogram]);
      }
      result->samples_written += row.times.size();
      result->histograms_written += row.histograms.size();
      rows.push_back(std::move(row));
    }
    for (const Exemplar* e : batch->exemplars) {
      exemplars.push_back(std::to_string(e->series) + format_labels(e->labels) + "@" + std::to_string(e->timestamp_ms));
    }
    for (const Metadata* m : batch->metadata) {
      metadata.push_back(std::string(view(m->family)) + "/" + std::to_string(static_cast<int>(m->kind)) + "/" +
                         std::string(view(m->help)) + "/" + std::string(view(m->unit)));
    }
    result->exemplars_written = batch->exemplars.size;
    if (on_append) on_append(*batch, *result);
    return kOkStatus;
  }

  std::map<std::string, uint64_t> known;
  std::map<uint64_t, std::string> names;
  std::vector<Row> rows;
  std::vector<std::string> exemplars, metadata;
  std::function<void(const WriteBatch&, AppendResult&)> on_append;
  Code code = Code::kOk;
  bool stale = false;
  int resolves = 0, appends = 0;
  uint32_t flags = 0;
};

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_UNIT_REMOTE_WRITE_FAKE_SINK_H_
