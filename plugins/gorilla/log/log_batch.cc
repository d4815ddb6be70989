#include "gorilla/log/log_batch.h"

#include <bit>
#include <utility>

#include "gorilla/log/histogram_codec.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

// Sections in a batch; readers refuse what they do not know.
enum Section : uint8_t {
  kSeries = 1,
  kSamples = 2,
  kStartTimestamps = 3,
  kHistograms = 4,
  kExemplars = 5,
  kMetadata = 6,
  kTombstones = 7,
};

// How a label relates to the label at the same place of the series before.
enum LabelForm : uint8_t { kSameLabel = 0, kSameName = 1, kNewLabel = 2 };

void put_series(const LogBatch& b, ByteWriter& w) {
  w.fixed(static_cast<uint8_t>(kSeries));
  w.varint(b.new_series.size());
  uint32_t id = 0, before = 0, before_end = 0, begin = 0;
  for (size_t i = 0; i < b.new_series.size(); ++i) {
    w.signed_varint(int64_t{b.new_series[i]} - id);
    id = b.new_series[i];
    w.varint(b.label_ends[i] - begin);
    for (uint32_t l = begin; l < b.label_ends[i]; ++l) {
      const LabelPair& label = b.labels[l];
      uint32_t other = before + (l - begin);
      if (other < before_end && view(b.labels[other].name) == view(label.name)) {
        if (view(b.labels[other].value) == view(label.value)) {
          w.fixed(static_cast<uint8_t>(kSameLabel));
        } else {
          w.fixed(static_cast<uint8_t>(kSameName));
          w.text(view(label.value));
        }
      } else {
        w.fixed(static_cast<uint8_t>(kNewLabel));
        w.text(view(label.name));
        w.text(view(label.value));
      }
    }
    before = begin;
    before_end = begin = b.label_ends[i];
  }
}

bool get_series(ByteReader& r, LogBatch& b) {
  size_t n = r.count(2);
  int64_t id = 0;
  size_t before = 0, before_end = 0;
  for (size_t i = 0; i < n && r.ok(); ++i) {
    id = wrapping_add(id, r.signed_varint());
    if (id < 0 || id >= UINT32_MAX) return false;
    b.new_series.push_back(static_cast<uint32_t>(id));
    const size_t begin = b.labels.size();
    for (size_t labels = r.count(), l = 0; l < labels && r.ok(); ++l) {
      auto form = r.fixed<uint8_t>();
      size_t other = before + l;
      if (form > kNewLabel || (form != kNewLabel && other >= before_end)) return false;
      LabelPair label = form == kNewLabel ? LabelPair{str(r.text()), {}} : LabelPair(b.labels[other]);
      if (form != kSameLabel) label.value = str(r.text());
      b.labels.push_back(label);
    }
    before = begin;
    before_end = b.labels.size();
    b.label_ends.push_back(static_cast<uint32_t>(before_end));
  }
  return r.ok();
}

// Series ids are mostly the next ones, times mostly the same. Of each value the zero bytes at its low end are left out:
// small integers and short binary fractions end in many of them, and this needs no state.
void put_samples(const LogBatch& b, ByteWriter& w) {
  const size_t n = b.sample_series.size();
  w.fixed(static_cast<uint8_t>(kSamples));
  w.varint(n);
  std::string& out = w.out();
  size_t base = out.size();
  out.resize(base + n * 5);
  char* p = out.data() + base;
  auto put = [&p](uint64_t v) {
    for (; v >= 0x80; v >>= 7) *p++ = static_cast<char>(v | 0x80);
    *p++ = static_cast<char>(v);
  };
  int64_t next = 0;
  for (uint32_t id : b.sample_series) {
    put(zigzag_encode(int64_t{id} - next));
    next = int64_t{id} + 1;
  }
  out.resize(static_cast<size_t>(p - out.data()));
  int64_t time = 0;
  for (size_t i = 0; i < n;) {
    size_t run = 1;
    while (i + run < n && b.timestamps_ms[i + run] == b.timestamps_ms[i]) ++run;
    w.varint(run);
    w.signed_varint(wrapping_sub(b.timestamps_ms[i], time));
    time = b.timestamps_ms[i];
    i += run;
  }
  base = out.size();
  size_t lengths = (n + 1) / 2;
  out.resize(base + lengths + n * 8);
  auto* length = reinterpret_cast<uint8_t*>(out.data() + base);
  std::memset(length, 0, lengths);
  p = out.data() + base + lengths;
  for (size_t i = 0; i < n; ++i) {
    uint64_t v = b.value_bits[i];
    auto bytes = static_cast<uint32_t>(v == 0 ? 0 : 8 - std::countr_zero(v) / 8);
    length[i / 2] |= static_cast<uint8_t>(bytes << (i % 2 * 4));
    v >>= (8 - bytes) % 8 * 8;
    std::memcpy(p, &v, 8);  // There is room: what follows is written next.
    p += bytes;
  }
  out.resize(static_cast<size_t>(p - out.data()));
}

bool get_samples(ByteReader& r, LogBatch& b) {
  size_t n = r.count();
  int64_t id = -1;
  b.sample_series.resize(n);
  for (size_t i = 0; i < n; ++i) {
    id = wrapping_add(id + 1, r.signed_varint());
    if (id < 0 || id >= UINT32_MAX) return false;
    b.sample_series[i] = static_cast<uint32_t>(id);
  }
  b.timestamps_ms.resize(n);
  int64_t time = 0;
  for (size_t i = 0; i < n;) {
    uint64_t run = r.varint();
    time = wrapping_add(time, r.signed_varint());
    if (!r.ok() || run == 0 || run > n - i) return false;
    for (uint64_t end = i + run; i < end; ++i) b.timestamps_ms[i] = time;
  }
  const auto* lengths = reinterpret_cast<const uint8_t*>(r.take((n + 1) / 2));
  if (lengths == nullptr && n > 0) return false;
  b.value_bits.resize(n);
  for (size_t i = 0; i < n; ++i) {
    uint32_t bytes = (lengths[i / 2] >> (i % 2 * 4)) & 15;
    if (bytes > 8) return false;
    const char* p = r.take(bytes);
    if (p == nullptr) return false;
    uint64_t v = 0;
    std::memcpy(&v, p, bytes);
    b.value_bits[i] = bytes == 0 ? 0 : v << ((8 - bytes) * 8);
  }
  return r.ok();
}

LabelPair get_label(ByteReader& r) {
  Str name = str(r.text());
  return LabelPair{name, str(r.text())};
}

}  // namespace

void LogBatch::clear() {
  new_series.clear();
  labels.clear();
  label_ends.clear();
  sample_series.clear();
  timestamps_ms.clear();
  value_bits.clear();
  start_timestamps_ms.clear();
  histogram_series.clear();
  histograms.clear();
  exemplars.clear();
  metadata.clear();
  tombstones.clear();
}

void encode_batch(const LogBatch& b, std::string& out) {
  ByteWriter w(out);
  if (!b.new_series.empty()) put_series(b, w);
  if (!b.sample_series.empty()) put_samples(b, w);
  if (!b.start_timestamps_ms.empty()) {
    w.fixed(static_cast<uint8_t>(kStartTimestamps));
    int64_t before = 0;
    for (int64_t t : b.start_timestamps_ms) w.signed_varint(wrapping_sub(t, before)), before = t;
  }
  if (!b.histograms.empty()) {
    w.fixed(static_cast<uint8_t>(kHistograms));
    w.varint(b.histograms.size());
    for (size_t i = 0; i < b.histograms.size(); ++i) {
      w.varint(b.histogram_series[i]);
      encode_histogram(*b.histograms[i], out);
    }
  }
  if (!b.exemplars.empty()) {
    w.fixed(static_cast<uint8_t>(kExemplars));
    w.varint(b.exemplars.size());
    for (const Exemplar* e : b.exemplars) {
      w.varint(e->series);
      w.signed_varint(e->timestamp_ms);
      w.fixed(e->value);
      w.varint(e->labels.size);
      for (const LabelPair& label : e->labels) w.text(view(label.name)), w.text(view(label.value));
    }
  }
  if (!b.metadata.empty()) {
    w.fixed(static_cast<uint8_t>(kMetadata));
    w.varint(b.metadata.size());
    for (const Metadata* m : b.metadata) {
      w.fixed(static_cast<uint8_t>(m->kind));
      w.text(view(m->family)), w.text(view(m->help)), w.text(view(m->unit));
    }
  }
  if (!b.tombstones.empty()) {
    w.fixed(static_cast<uint8_t>(kTombstones));
    w.varint(b.tombstones.size());
    for (const LogBatch::Tombstone& t : b.tombstones)
      w.varint(t.series), w.signed_varint(t.start_ms), w.signed_varint(t.end_ms);
  }
}

Result<void> DecodedBatch::decode(std::string_view bytes) {
  batch_.clear();
  arena_.clear();
  LogBatch& b = batch_;
  ByteReader r(bytes);
  bool good = true;
  while (good && !r.at_end()) {
    switch (r.fixed<uint8_t>()) {
      case kSeries:
        good = b.new_series.empty() && get_series(r, b);
        break;
      case kSamples:
        good = b.sample_series.empty() && get_samples(r, b);
        break;
      case kStartTimestamps: {
        good = b.start_timestamps_ms.empty();
        int64_t time = 0;
        for (size_t i = 0; good && i < b.sample_series.size(); ++i)
          b.start_timestamps_ms.push_back(time = wrapping_add(time, r.signed_varint()));
        break;
      }
      case kHistograms:
        for (size_t n = r.count(), i = 0; good && i < n; ++i) {
          b.histogram_series.push_back(static_cast<uint32_t>(r.varint()));
          b.histograms.push_back(decode_histogram(r, arena_));
          good = b.histograms.back() != nullptr;
        }
        break;
      case kExemplars:
        for (size_t n = r.count(), i = 0; good && i < n; ++i) {
          auto* e = arena_.allocate<Exemplar>(1);
          *e = Exemplar{sizeof(Exemplar), static_cast<uint32_t>(r.varint()), r.signed_varint(), r.fixed<double>(), {}};
          size_t labels = r.count(2);
          auto* label = arena_.allocate<LabelPair>(labels);
          for (size_t l = 0; l < labels; ++l) label[l] = get_label(r);
          e->labels = {label, labels};
          b.exemplars.push_back(e);
          good = r.ok();
        }
        break;
      case kMetadata:
        for (size_t n = r.count(4), i = 0; good && i < n; ++i) {
          auto* m = arena_.allocate<Metadata>(1);
          *m = Metadata{sizeof(Metadata), static_cast<MetricKind>(r.fixed<uint8_t>()), {}, {}, {}};
          m->family = str(r.text());
          m->help = str(r.text());
          m->unit = str(r.text());
          b.metadata.push_back(m);
          good = r.ok();
        }
        break;
      case kTombstones:
        for (size_t n = r.count(3), i = 0; good && i < n; ++i) {
          auto series = static_cast<uint32_t>(r.varint());
          int64_t start = r.signed_varint();
          b.tombstones.push_back({series, start, r.signed_varint()});
          good = r.ok();
        }
        break;
      default:
        good = false;
    }
    good = good && r.ok();
  }
  if (!good) return Error{Code::kDataLoss, "malformed log batch"};
  return {};
}

}  // namespace nightlight::gorilla
