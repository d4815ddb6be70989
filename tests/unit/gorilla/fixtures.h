// What the tests of head, log and store share: batches built by hand, logs in memory.
#ifndef NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_
#define NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gorilla/log/ingest_log.h"
#include "nightlight/columns.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {

using Labels = std::vector<std::pair<std::string, std::string>>;

// A write request; the views of `batch()` live as long as it does.
class BatchBuilder {
 public:
  struct Point {
    int64_t t;
    double v;
    int64_t start = 0;
  };

  uint64_t series(Labels labels, std::vector<Point> points, std::vector<Histogram> histograms = {}, uint64_t ref = 0) {
    texts_.push_back(std::move(labels));
    for (const auto& [name, value] : texts_.back()) labels_.push_back({str(name), str(value)});
    label_ends_.push_back(static_cast<uint32_t>(labels_.size()));
    for (const Point& p : points) {
      timestamps_.push_back(p.t);
      values_.push_back(p.v);
      starts_.push_back(p.start);
      any_start_ = any_start_ || p.start != 0;
    }
    sample_ends_.push_back(static_cast<uint32_t>(timestamps_.size()));
    for (const Histogram& h : histograms) {
      histograms_.push_back(h);
      histogram_pointers_.push_back(&histograms_.back());
    }
    histogram_ends_.push_back(static_cast<uint32_t>(histograms_.size()));
    refs_.push_back(ref);
    keys_.push_back(std::string());
    for (const auto& [name, value] : texts_.back()) keys_.back() += name + '\1' + value + '\2';
    return sample_ends_.size() - 1;
  }
  void exemplar(Exemplar e) {
    exemplars_.push_back(e);
    exemplar_pointers_.push_back(&exemplars_.back());
  }
  void metadata(Metadata m) {
    metadata_.push_back(m);
    metadata_pointers_.push_back(&metadata_.back());
  }

  const WriteBatch& batch(uint32_t flags = 0) {
    key_views_.clear();
    for (const std::string& key : keys_) key_views_.push_back(str(key));
    batch_ = WriteBatch{};
    batch_.struct_size = sizeof batch_;
    batch_.flags = flags;
    batch_.series_count = sample_ends_.size();
    batch_.refs = view_of(refs_);
    batch_.keys = view_of(key_views_);
    batch_.labels = view_of(labels_);
    batch_.label_ends = view_of(label_ends_);
    batch_.sample_ends = view_of(sample_ends_);
    batch_.timestamps_ms = view_of(timestamps_);
    batch_.values = view_of(values_);
    if (any_start_) batch_.start_timestamps_ms = view_of(starts_);
    batch_.histogram_ends = view_of(histogram_ends_);
    batch_.histograms = view_of(histogram_pointers_);
    batch_.exemplars = view_of(exemplar_pointers_);
    batch_.metadata = view_of(metadata_pointers_);
    return batch_;
  }

 private:
  std::deque<Labels> texts_;
  std::deque<std::string> keys_;
  std::vector<Str> key_views_;
  std::vector<LabelPair> labels_;
  std::vector<uint32_t> label_ends_, sample_ends_, histogram_ends_;
  std::vector<int64_t> timestamps_, starts_;
  std::vector<double> values_;
  std::deque<Histogram> histograms_;
  std::vector<const Histogram*> histogram_pointers_;
  std::deque<Exemplar> exemplars_;
  std::vector<const Exemplar*> exemplar_pointers_;
  std::deque<Metadata> metadata_;
  std::vector<const Metadata*> metadata_pointers_;
  std::vector<uint64_t> refs_;
  bool any_start_ = false;
  WriteBatch batch_{};
};

// Collects what was refused.
class Rejections final : public RejectionSink {
 public:
  void rejected(uint64_t series, RejectReason reason, Str text) noexcept override {
    all.push_back({series, reason, std::string(view(text))});
  }
  struct One {
    uint64_t series;
    RejectReason reason;
    std::string text;
  };
  std::vector<One> all;
};

// A log that keeps the bytes of its batches.
class MemoryLog final : public IngestLog {
 public:
  Result<ReplayStats> replay(uint64_t after,
                             const std::function<Result<void>(uint64_t, const LogBatch&)>& each) override {
    ReplayStats stats;
    for (size_t i = after; i < records.size(); ++i) {
      DecodedBatch decoded;
      NIGHTLIGHT_TRY(decoded.decode(records[i]));
      NIGHTLIGHT_TRY(each(i + 1, decoded.batch()));
      ++stats.records;
    }
    return stats;
  }
  void skip_to(uint64_t) override {}
  Result<void> ready() override { return {}; }
  uint64_t append(const LogBatch& batch) override {
    records.emplace_back();
    encode_batch(batch, records.back());
    return records.size();
  }
  Result<void> wait(uint64_t) override { return {}; }
  Result<void> flush() override { return {}; }
  Result<void> cut() override { return {}; }
  Result<void> trim(uint64_t) override { return {}; }
  LogStats stats() const override { return {}; }

  std::vector<std::string> records;
};

// Answers errors and nothing else.
class QuietHost final : public Host {
 public:
  void* query(Str) noexcept override { return nullptr; }
  Status fail(Code code, Str text) noexcept override {
    error() = view(text);
    return Status{code, 0};
  }
  Str last_error() noexcept override { return str(error()); }
  uint32_t log_enabled(LogLevel) noexcept override { return 0; }
  void log(LogLevel, Str, View<KeyValue>) noexcept override {}
  Status metric(const MetricSpec*, MetricCells* out) noexcept override {
    *out = MetricCells{counts_, &number_};
    return kOkStatus;
  }
  int64_t now_ms() noexcept override { return now; }
  int64_t monotonic_ns() noexcept override { return 0; }
  Status submit(Task*) noexcept override { return fail(Code::kUnavailable, str("no threads here")); }

  std::atomic<int64_t> now{0};

 private:
  static std::string& error() {
    thread_local std::string text;
    return text;
  }
  uint64_t counts_[64] = {};
  double number_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_
