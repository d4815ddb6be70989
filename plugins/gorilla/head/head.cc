#include "gorilla/head/head.h"

#include <algorithm>
#include <bit>

#include "base/parse.h"
#include "base/utf8.h"
#include "gorilla/log/histogram_codec.h"
#include "model/histogram_validation.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

// Without an out-of-order window, samples may be this much older than the newest of all: half of Prometheus' 2 h head
// block.
constexpr int64_t kAppendableMs = 3600 * 1000;

bool is_stale(uint64_t bits) { return bits == kStaleNaNBits; }

std::span<const LabelPair> labels_of(const WriteBatch& batch, uint64_t i) {
  uint32_t begin = i == 0 ? 0 : batch.label_ends[i - 1];
  return {batch.labels.data + begin, batch.label_ends[i] - begin};
}

uint64_t ref_of(uint32_t epoch, uint32_t id) { return uint64_t{epoch} << 32 | (id + 1); }

}  // namespace

struct Head::Plan {
  std::vector<uint32_t> ids;      // By series of the batch; kNoId: rejected.
  std::vector<Judgement> floats;  // By sample.
  std::vector<Judgement> histograms;
  std::vector<Rejection> rejections;
  std::unordered_map<uint64_t, Rejection> series_faults;  // By series of the batch.
};

Head::Head(HeadOptions options)
    : options_(options),
      open_(std::make_shared<Generation>()),
      index_(options.hash_secret),
      exemplars_(options.max_exemplars) {}

HeadSnapshot::~HeadSnapshot() {
  for (const auto& generation : generations) generation->arena.release_reader();
}

// ---- series
// ---------------------------------------------------------------------------------------------------------------

void Head::resolve(View<Str> keys, uint64_t* refs) const {
  constexpr size_t kGroup = 32;
  ReaderLock lock(index_mutex_);
  const uint32_t epoch = index_.epoch();
  SenderKeys::Search search(index_.keys());
  SenderKeys::Hash hashes[kGroup];
  uint32_t ids[kGroup];
  for (uint64_t base = 0; base < keys.size; base += kGroup) {
    size_t n = std::min<uint64_t>(kGroup, keys.size - base);
    for (size_t i = 0; i < n; ++i) hashes[i] = index_.hash_key(view(keys[base + i]));
    search.find({hashes, n}, ids);
    for (size_t i = 0; i < n; ++i) refs[base + i] = ids[i] == kNoId ? 0 : ref_of(epoch, ids[i]);
  }
}

std::string Head::label_fault(std::span<const LabelPair> labels) const {
  if (labels.empty()) return "labels must not be empty";
  if (options_.max_labels > 0 && labels.size() > options_.max_labels)
    return "too many labels: " + std::to_string(labels.size()) + ", the limit is " +
           std::to_string(options_.max_labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    std::string_view name = view(labels[i].name), value = view(labels[i].value);
    if (name.empty() || value.empty()) return "label names and values must not be empty";
    if (options_.max_label_name_bytes > 0 && name.size() > options_.max_label_name_bytes)
      return "label name too long: " + std::to_string(name.size()) + " bytes, the limit is " +
             std::to_string(options_.max_label_name_bytes);
    if (options_.max_label_value_bytes > 0 && value.size() > options_.max_label_value_bytes)
      return "label value too long: " + std::to_string(value.size()) + " bytes, the limit is " +
             std::to_string(options_.max_label_value_bytes);
    if (!is_utf8(name) || !is_utf8(value)) return "label names and values must be valid UTF-8";
    if (i > 0 && view(labels[i - 1].name) == name) return "duplicated label " + std::string(name);
    if (i > 0 && view(labels[i - 1].name) > name) return "labels must be sorted by name";
  }
  return "";
}

Result<void> Head::find_series(const WriteBatch& batch, Plan& plan, int64_t now_ms) {
  plan.ids.assign(batch.series_count, kNoId);
  std::vector<uint32_t> missing;
  {
    ReaderLock lock(index_mutex_);
    const uint32_t epoch = index_.epoch();
    for (uint64_t i = 0; i < batch.series_count; ++i) {
      if (uint64_t ref = batch.refs.empty() ? 0 : batch.refs[i]; ref != 0) {
        auto id = static_cast<uint32_t>(ref) - 1;
        if (ref >> 32 != epoch || !index_.exists(id)) return Error{Code::kAborted, "series references are stale"};
        plan.ids[i] = id;
      } else {
        missing.push_back(static_cast<uint32_t>(i));
      }
    }
  }
  if (!missing.empty()) create_series(batch, missing, plan, now_ms);
  return {};
}

void Head::create_series(const WriteBatch& batch, const std::vector<uint32_t>& missing, Plan& plan, int64_t now_ms) {
  if (options_.max_new_series_per_second > 0) {
    auto most = static_cast<double>(options_.max_new_series_per_second);
    bucket_ = std::min(most, bucket_ + most * static_cast<double>(std::max<int64_t>(0, now_ms - bucket_ms_)) / 1000);
    bucket_ms_ = now_ms;
  }
  WriterLock lock(index_mutex_);
  auto refuse = [&](uint32_t i, RejectReason reason, std::string text) {
    plan.series_faults.emplace(i, Rejection{i, reason, std::move(text)});
  };
  for (uint32_t i : missing) {
    std::span<const LabelPair> labels = labels_of(batch, i);
    uint32_t id = index_.find(labels);
    if (id == kNoId) {
      if (std::string fault = label_fault(labels); !fault.empty()) {
        refuse(i, RejectReason::kInvalidLabels, std::move(fault));
        continue;
      }
      if (options_.max_series > 0 && index_.size() >= options_.max_series) {
        refuse(i, RejectReason::kLimit, "series limit reached: " + std::to_string(options_.max_series));
        continue;
      }
      if (options_.max_new_series_per_second > 0 && (bucket_ -= 1) < 0) {
        bucket_ = 0;
        refuse(i, RejectReason::kLimit,
               "limit of new series per second reached: " + std::to_string(options_.max_new_series_per_second));
        continue;
      }
      id = index_.find_or_add(labels).id;
      hot_.resize(index_.id_end());
      hot_[id] = HotSeries();
      ++created_;
      ++counts_.created;
      log_batch_.new_series.push_back(id);
      log_batch_.labels.insert(log_batch_.labels.end(), labels.begin(), labels.end());
      log_batch_.label_ends.push_back(static_cast<uint32_t>(log_batch_.labels.size()));
    }
    if (!batch.keys.empty() && batch.keys[i].size > 0) index_.remember_key(index_.hash_key(view(batch.keys[i])), id);
    plan.ids[i] = id;
  }
  series_count_.store(index_.size(), std::memory_order_relaxed);
}

void Head::define_series(uint32_t id, std::span<const LabelPair> labels) {
  WriterLock lock(index_mutex_);
  if (index_.exists(id)) {
    if (index_.find(labels) == id) return;
    index_.remove(id);
  }
  if (uint32_t other = index_.find(labels); other != kNoId) index_.remove(other);
  index_.add_at(id, labels);
  hot_.resize(index_.id_end());
  hot_[id] = HotSeries();
  ++created_;
  series_count_.store(index_.size(), std::memory_order_relaxed);
}

// ---- the rules
// --------------------------------------------------------------------------------------------------------------

// Prometheus' memSeries.appendable (tsdb/head_append.go, 3.x), with the head's bounds as they were when the batch
// began.
Head::Judgement Head::judge_time(const Running& s, int64_t t, RejectReason& reason) const {
  if (t > bound_now_ms_ && t - bound_now_ms_ > options_.max_future_ms) {
    reason = RejectReason::kOutOfBounds;
    return Judgement::kReject;
  }
  const bool any = bound_max_ms_ != INT64_MIN;
  const bool in_bounds = !any || t >= bound_max_ms_ - kAppendableMs;
  if (in_bounds && (s.last_ms == INT64_MIN || t > s.last_ms)) return Judgement::kTake;
  if (in_bounds && t == s.last_ms) return Judgement::kSame;
  if (options_.out_of_order_window_ms > 0) {
    if (!any || t >= bound_max_ms_ - options_.out_of_order_window_ms) return Judgement::kLate;
    reason = RejectReason::kTooOld;
  } else {
    reason = in_bounds ? RejectReason::kOutOfOrder : RejectReason::kOutOfBounds;
  }
  return Judgement::kReject;
}

namespace {

std::string time_fault(RejectReason reason, bool future) {
  if (reason == RejectReason::kTooOld) return "too old sample";
  if (reason == RejectReason::kOutOfOrder) return "out of order sample";
  return future ? "out of bounds: timestamp is too far in the future" : "out of bounds";
}

bool same_histogram(const Histogram& a, const Histogram& b) {
  std::string x, y;
  encode_histogram(a, x);
  encode_histogram(b, y);
  return x == y;
}

}  // namespace

Head::Judgement Head::judge_float(Running& s, int64_t t, double value, Rejection& why) const {
  auto bits = std::bit_cast<uint64_t>(value);
  Judgement verdict = judge_time(s, t, why.reason);
  switch (verdict) {
    case Judgement::kReject:
      why.text = time_fault(why.reason, t > bound_now_ms_);
      return verdict;
    case Judgement::kLate:
      return verdict;
    case Judgement::kSame:
      // A value that a restart forgot cannot be compared; the stored one stays.
      if (s.unknown || (!s.is_histogram && s.last_bits == bits) || (s.is_histogram && is_stale(bits))) return verdict;
      why.reason = RejectReason::kDuplicate;
      why.text = "duplicate sample for timestamp " + std::to_string(t) + "; overrides not allowed: existing " +
                 (s.is_histogram ? "is a histogram" : format_double_g(std::bit_cast<double>(s.last_bits))) +
                 ", new value " + format_double_g(value);
      return Judgement::kReject;
    case Judgement::kTake:
      s.last_ms = t;
      s.last_bits = bits;
      s.unknown = false;
      s.is_histogram = s.is_histogram && is_stale(bits);
      s.last_histogram = nullptr;
      return verdict;
  }
  return verdict;
}

Head::Judgement Head::judge_histogram(uint32_t id, Running& s, const Histogram& h, Rejection& why) const {
  if (!is_stale(std::bit_cast<uint64_t>(h.sum))) {
    if (auto valid = validate_histogram(h); !valid.ok()) {
      why.reason = RejectReason::kInvalidHistogram;
      why.text = valid.error().message;
      return Judgement::kReject;
    }
  }
  Judgement verdict = judge_time(s, h.timestamp_ms, why.reason);
  if (verdict == Judgement::kReject) why.text = time_fault(why.reason, h.timestamp_ms > bound_now_ms_);
  if (verdict == Judgement::kTake) {
    s.last_ms = h.timestamp_ms;
    s.is_histogram = true;
    s.unknown = false;
    s.last_histogram = &h;
  }
  if (verdict != Judgement::kSame || s.unknown) return verdict;
  bool same = s.is_histogram && s.last_histogram != nullptr && same_histogram(*s.last_histogram, h);
  if (s.is_histogram && s.last_histogram == nullptr) {
    auto at = open_->side.find(id);
    if (at == open_->side.end() || at->second.histograms.empty()) return verdict;  // Sealed: cannot be compared.
    std::string bytes;
    encode_histogram(h, bytes);
    same = at->second.histogram_bytes.substr(at->second.histograms.back().begin) == bytes;
  }
  if (same) return verdict;
  why.reason = RejectReason::kDuplicate;
  why.text = "duplicate sample for timestamp";
  return Judgement::kReject;
}

void Head::judge_batch(const WriteBatch& batch, Plan& plan, bool repeats) {
  plan.floats.assign(batch.timestamps_ms.size, Judgement::kTake);
  plan.histograms.assign(batch.histograms.size, Judgement::kTake);
  plan.rejections.clear();
  std::unordered_map<uint32_t, Running> seen;  // Only used when a series occurs twice.
  if (!repeats) ++batch_stamp_;
  uint64_t sample = 0, histogram = 0;
  for (uint64_t i = 0; i < batch.series_count; ++i) {
    constexpr uint64_t kAhead = 8;
    if (i + kAhead < batch.series_count && plan.ids[i + kAhead] != kNoId)
      __builtin_prefetch(&hot_[plan.ids[i + kAhead]], 1);
    const uint32_t id = plan.ids[i];
    const uint64_t sample_end = batch.sample_ends[i];
    const uint64_t histogram_end = batch.histogram_ends.empty() ? histogram : batch.histogram_ends[i];
    if (id == kNoId) {
      const Rejection& fault = plan.series_faults.at(i);
      for (; sample < sample_end; ++sample) plan.floats[sample] = Judgement::kReject, plan.rejections.push_back(fault);
      for (; histogram < histogram_end; ++histogram)
        plan.histograms[histogram] = Judgement::kReject, plan.rejections.push_back(fault);
      continue;
    }
    HotSeries& hot = hot_[id];
    Running fresh;
    Running* running = &fresh;
    bool load = true;
    if (repeats) {
      auto [at, first] = seen.try_emplace(id);
      running = &at->second;
      load = first;
    } else if (hot.stamp == batch_stamp_) {
      judge_batch(batch, plan, true);
      return;
    }
    hot.stamp = batch_stamp_;
    if (load) {
      running->last_ms = hot.last_timestamp_ms;
      running->last_bits = hot.chunk.value_bits;
      running->is_histogram = (hot.flags & kLastIsHistogram) != 0;
      running->unknown = (hot.flags & kLastUnknown) != 0;
    }
    Rejection why{i, RejectReason::kOutOfOrder, {}};
    for (; sample < sample_end; ++sample) {
      plan.floats[sample] = judge_float(*running, batch.timestamps_ms[sample], batch.values[sample], why);
      if (plan.floats[sample] == Judgement::kReject) plan.rejections.push_back(why);
    }
    for (; histogram < histogram_end; ++histogram) {
      plan.histograms[histogram] = judge_histogram(id, *running, *batch.histograms[histogram], why);
      if (plan.histograms[histogram] == Judgement::kReject) plan.rejections.push_back(why);
    }
  }
}

// ---- applying
// ---------------------------------------------------------------------------------------------------------------

SideSeries& Head::side(uint32_t id) {
  hot_[id].flags |= kHasSide;
  return open_->side[id];
}

void Head::note_time(int64_t t) {
  open_->min_ms = std::min(open_->min_ms, t);
  open_->max_ms = std::max(open_->max_ms, t);
  changed_from_ms_ = std::min(changed_from_ms_, t);
  ++open_->samples;
  if (t > max_ms_.load(std::memory_order_relaxed)) max_ms_.store(t, std::memory_order_relaxed);
}

void Head::close_chunk(uint32_t id) {
  side(id).closed.push_back(hot_[id].chunk);
  start_chunk(hot_[id]);
}

void Head::apply_float(uint32_t id, int64_t t, uint64_t bits, int64_t start_ms) {
  HotSeries& s = hot_[id];
  if ((s.flags & kLastIsHistogram) != 0 && is_stale(bits)) {
    // A marker ends whatever the series was.
    Histogram marker{};
    marker.struct_size = sizeof marker;
    marker.timestamp_ms = t;
    marker.start_timestamp_ms = start_ms;
    marker.sum = std::bit_cast<double>(bits);
    apply_histogram(id, marker);
    return;
  }
  Generation& g = *open_;
  if (start_ms != 0 || (s.flags & kHasSide) != 0) {
    SideSeries& beside = side(id);
    if (start_ms != 0 || !beside.starts.empty()) {
      uint32_t index = s.chunk.count;
      for (const ChunkState& c : beside.closed) index += c.count;
      if (beside.starts.empty() && index > 0) beside.starts.push_back({0, 0});
      if (beside.starts.empty() || beside.starts.back().start_ms != start_ms)
        beside.starts.push_back({index, start_ms});
    }
  }
  uint32_t column = TimestampColumns::kNone;
  if (s.chunk.count > 0) {
    column = g.columns.extend(s.chunk.column, s.chunk.count, t);
    if (column == TimestampColumns::kNone || !append_value(s, g.arena, bits, options_.xor_only)) {
      close_chunk(id);
      column = TimestampColumns::kNone;
    }
  }
  if (column == TimestampColumns::kNone) {
    column = g.columns.start(t);
    append_value(s, g.arena, bits, options_.xor_only);
  }
  s.chunk.column = column;
  s.last_timestamp_ms = t;
  s.flags &= static_cast<uint8_t>(~(kLastIsHistogram | kLastUnknown));
  note_time(t);
}

void Head::apply_late(uint32_t id, int64_t t, uint64_t bits, int64_t start_ms) {
  SideSeries& beside = side(id);
  for (const SideSeries::Late& l : beside.late)
    if (l.timestamp_ms == t) return;  // What came first stays.
  beside.late.push_back({t, bits, start_ms});
  note_time(t);
  ++counts_.late;
}

void Head::apply_histogram(uint32_t id, const Histogram& h) {
  SideSeries& beside = side(id);
  HotSeries& s = hot_[id];
  if (h.timestamp_ms < s.last_timestamp_ms) {
    for (const auto& other : beside.histograms)
      if (other.timestamp_ms == h.timestamp_ms) return;
    ++counts_.late;
  } else {
    s.last_timestamp_ms = h.timestamp_ms;
    s.flags |= kLastIsHistogram;
    s.flags &= static_cast<uint8_t>(~kLastUnknown);
  }
  beside.histograms.push_back({h.timestamp_ms, beside.histogram_bytes.size()});
  encode_histogram(h, beside.histogram_bytes);
  note_time(h.timestamp_ms);
}

void Head::apply_batch(const WriteBatch& batch, Plan& plan, AppendResult& result) {
  LogBatch& log = log_batch_;
  const bool starts = !batch.start_timestamps_ms.empty();
  uint64_t sample = 0, histogram = 0;
  for (uint64_t i = 0; i < batch.series_count; ++i) {
    constexpr uint64_t kAhead = 8;
    if (i + kAhead < batch.series_count && plan.ids[i + kAhead] != kNoId)
      prefetch_buffer(hot_[plan.ids[i + kAhead]].chunk, open_->arena);
    const uint32_t id = plan.ids[i];
    for (; sample < batch.sample_ends[i]; ++sample) {
      const Judgement verdict = plan.floats[sample];
      if (verdict == Judgement::kReject) continue;
      ++result.samples_written;
      if (verdict == Judgement::kSame) continue;  // Durable as soon as everything queued before is.
      const int64_t t = batch.timestamps_ms[sample];
      const auto bits = std::bit_cast<uint64_t>(batch.values[sample]);
      const int64_t start_ms = starts ? batch.start_timestamps_ms[sample] : 0;
      verdict == Judgement::kTake ? apply_float(id, t, bits, start_ms) : apply_late(id, t, bits, start_ms);
      log.sample_series.push_back(id);
      log.timestamps_ms.push_back(t);
      log.value_bits.push_back(bits);
      if (starts) log.start_timestamps_ms.push_back(start_ms);
    }
    if (batch.histogram_ends.empty()) continue;
    for (; histogram < batch.histogram_ends[i]; ++histogram) {
      const Judgement verdict = plan.histograms[histogram];
      if (verdict == Judgement::kReject) continue;
      ++result.histograms_written;
      if (verdict == Judgement::kSame) continue;
      apply_histogram(id, *batch.histograms[histogram]);
      log.histogram_series.push_back(id);
      log.histograms.push_back(batch.histograms[histogram]);
    }
  }
}

bool Head::add_metadata(const Metadata& m) {
  MutexLock lock(metadata_mutex_);
  FamilyMetadata fresh{m.kind, std::string(view(m.help)), std::string(view(m.unit))};
  auto [at, added] = metadata_.try_emplace(std::string(view(m.family)), fresh);
  if (!added && at->second == fresh) return false;
  at->second = std::move(fresh);
  return true;
}

void Head::apply_exemplars(const WriteBatch& batch, Plan& plan, AppendResult& result) {
  for (const Exemplar* e : batch.exemplars) {
    if (e->series >= batch.series_count || plan.ids[e->series] == kNoId) continue;
    const uint32_t id = plan.ids[e->series];
    switch (exemplars_.add(id, *e)) {
      case Exemplars::Verdict::kStored: {
        ++result.exemplars_written;
        log_batch_.exemplars.push_back(e);
        break;
      }
      case Exemplars::Verdict::kDuplicate:
        ++result.exemplars_written;
        break;
      case Exemplars::Verdict::kOutOfOrder:
        plan.rejections.push_back({e->series, RejectReason::kInvalidExemplar, "out of order exemplar"});
        break;
      case Exemplars::Verdict::kTooLong:
        plan.rejections.push_back({e->series, RejectReason::kInvalidExemplar,
                                   "label length for exemplar exceeds maximum of 128 UTF-8 characters"});
        break;
      case Exemplars::Verdict::kOff:
        break;
    }
  }
}

Result<uint64_t> Head::append(const WriteBatch& batch, AppendResult& result, IngestLog& log, int64_t now_ms) {
  Plan plan;
  uint64_t position = 0;
  {
    MutexLock lock(sample_mutex_);
    log_batch_.clear();
    changed_from_ms_ = INT64_MAX;
    bound_max_ms_ = max_ms_.load(std::memory_order_relaxed);
    bound_now_ms_ = now_ms;
    NIGHTLIGHT_TRY(find_series(batch, plan, now_ms));
    judge_batch(batch, plan, false);
    std::deque<Exemplar> with_ids;  // The log names series by id.
    if (plan.rejections.empty() || (batch.flags & kAllOrNothing) == 0) {
      apply_batch(batch, plan, result);
      apply_exemplars(batch, plan, result);
      for (const Exemplar*& e : log_batch_.exemplars) {
        with_ids.push_back(*e);
        with_ids.back().series = plan.ids[e->series];
        e = &with_ids.back();
      }
      for (const Metadata* m : batch.metadata) {
        ++result.metadata_written;
        if (add_metadata(*m)) log_batch_.metadata.push_back(m);
      }
    }
    if (changed_from_ms_ != INT64_MAX) changes_.note(changed_from_ms_);
    for (const Rejection& r : plan.rejections) ++counts_.rejected[static_cast<size_t>(r.reason)];
    counts_.appended += log_batch_.sample_series.size() + log_batch_.histograms.size();
    open_samples_.store(open_->samples, std::memory_order_relaxed);
    if (!log_batch_.empty()) {
      position = log.append(log_batch_);
      open_->last_position = position;
      if (open_->first_position == 0) open_->first_position = position;
    } else {
      position = open_->last_position;  // Repeated samples must be as durable as the first ones.
      if (position == 0 && frozen_ != nullptr) position = frozen_->last_position;
    }
    log_batch_.clear();
  }
  result.rejected += plan.rejections.size();
  if (result.rejections != nullptr)
    for (const Rejection& r : plan.rejections) result.rejections->rejected(r.series, r.reason, str(r.text));
  return position;
}

Result<uint64_t> Head::remove_samples(std::span<const LabelMatcher> matchers, int64_t start_ms, int64_t end_ms,
                                      IngestLog& log) {
  std::vector<uint32_t> ids;
  MutexLock lock(sample_mutex_);
  {
    ReaderLock index_lock(index_mutex_);
    ids = index_.select(matchers).ids();
  }
  log_batch_.clear();
  for (uint32_t id : ids) {
    if (hot_[id].last_timestamp_ms == INT64_MIN) continue;
    // Samples that are yet to come stay visible, as in Prometheus.
    TimeRange range{start_ms, std::min(end_ms, hot_[id].last_timestamp_ms)};
    if (range.start_ms > range.end_ms) continue;
    if (frozen_ != nullptr) frozen_->deleted[id].push_back(range);
    open_->deleted[id].push_back(range);
    log_batch_.tombstones.push_back({id, range.start_ms, range.end_ms});
  }
  changes_.note(start_ms);
  if (log_batch_.empty()) return uint64_t{0};
  uint64_t position = log.append(log_batch_);
  open_->last_position = position;
  if (open_->first_position == 0) open_->first_position = position;
  log_batch_.clear();
  return position;
}

// ---- recovery
// ---------------------------------------------------------------------------------------------------------------

HeadStats Head::stats() const {
  MutexLock lock(sample_mutex_);
  HeadStats out = counts_;
  for (const auto& g : {frozen_, open_}) {
    if (g == nullptr) continue;
    out.samples += g->samples;
    out.chunk_bytes += g->arena.memory_bytes() + g->frozen.capacity() * sizeof(ChunkState);
    out.column_bytes += g->columns.memory_bytes();
    out.min_ms = std::min(out.min_ms, g->min_ms);
    out.max_ms = std::max(out.max_ms, g->max_ms);
  }
  out.hot_bytes = hot_.memory_bytes();
  ReaderLock index_lock(index_mutex_);
  out.series = index_.size();
  out.labels = index_.label_count();
  out.index_bytes = index_.memory_bytes();
  return out;
}

// ---- sealing
// ----------------------------------------------------------------------------------------------------------------

}  // namespace nightlight::gorilla
