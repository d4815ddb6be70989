// A write request built by hand, and who listens to what a sink refuses of it.
#ifndef NIGHTLIGHT_TESTS_FAKES_WRITE_BATCH_H_
#define NIGHTLIGHT_TESTS_FAKES_WRITE_BATCH_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "nightlight/columns.h"
#include "nightlight/sugar.h"

namespace nightlight::fakes {

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

}  // namespace nightlight::fakes

#endif  // NIGHTLIGHT_TESTS_FAKES_WRITE_BATCH_H_
