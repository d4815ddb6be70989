#include "gorilla/head/exemplars.h"

#include <algorithm>
#include <bit>

#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

constexpr size_t kMaxLabelRunes = 128;

size_t runes(Str text) {
  return static_cast<size_t>(
      std::count_if(text.data, text.data + text.size, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

bool same(const StoredExemplar& stored, const Exemplar& e) {
  if (stored.timestamp_ms != e.timestamp_ms ||
      std::bit_cast<uint64_t>(stored.value) != std::bit_cast<uint64_t>(e.value))
    return false;
  return std::equal(
      stored.labels.begin(), stored.labels.end(), e.labels.begin(), e.labels.end(),
      [](const auto& a, const LabelPair& b) { return a.first == view(b.name) && a.second == view(b.value); });
}

}  // namespace

Exemplars::Verdict Exemplars::verdict(uint32_t series, const Exemplar& e) const {
  if (capacity_ == 0) return Verdict::kOff;
  size_t length = 0;
  for (const LabelPair& label : e.labels) length += runes(label.name) + runes(label.value);
  if (length > kMaxLabelRunes) return Verdict::kTooLong;
  auto at = by_series_.find(series);
  if (at == by_series_.end()) return Verdict::kStored;
  const StoredExemplar& newest = ring_[at->second.back()];
  if (same(newest, e)) return Verdict::kDuplicate;
  if (e.timestamp_ms < newest.timestamp_ms || (e.timestamp_ms == newest.timestamp_ms && e.value < newest.value)) {
    bool repeated = false;
    for (uint32_t place : at->second) repeated |= same(ring_[place], e);
    return repeated ? Verdict::kDuplicate : Verdict::kOutOfOrder;
  }
  return Verdict::kStored;
}

Exemplars::Verdict Exemplars::check(uint32_t series, const Exemplar& e) const {
  MutexLock lock(mutex_);
  return verdict(series, e);
}

Exemplars::Verdict Exemplars::add(uint32_t series, const Exemplar& e) {
  MutexLock lock(mutex_);
  Verdict v = verdict(series, e);
  if (v != Verdict::kStored) return v;
  StoredExemplar stored{series, e.timestamp_ms, e.value, {}};
  for (const LabelPair& label : e.labels) stored.labels.emplace_back(view(label.name), view(label.value));
  auto place = static_cast<uint32_t>(next_);
  if (ring_.size() < capacity_) {
    ring_.push_back(std::move(stored));
  } else {
    if (auto old = by_series_.find(ring_[place].series); old != by_series_.end()) {
      std::erase(old->second, place);
      if (old->second.empty()) by_series_.erase(old);
    }
    ring_[place] = std::move(stored);
  }
  by_series_[series].push_back(place);
  next_ = (next_ + 1) % capacity_;
  return v;
}

std::vector<StoredExemplar> Exemplars::of(uint32_t series, int64_t start_ms, int64_t end_ms) const {
  MutexLock lock(mutex_);
  std::vector<StoredExemplar> out;
  auto at = by_series_.find(series);
  if (at == by_series_.end()) return out;
  for (uint32_t place : at->second)
    if (ring_[place].timestamp_ms >= start_ms && ring_[place].timestamp_ms <= end_ms) out.push_back(ring_[place]);
  return out;
}

std::vector<uint32_t> Exemplars::series() const {
  MutexLock lock(mutex_);
  std::vector<uint32_t> out;
  for (const auto& [id, places] : by_series_) out.push_back(id);
  return out;
}

void Exemplars::forget(uint32_t series) {
  MutexLock lock(mutex_);
  auto at = by_series_.find(series);
  if (at == by_series_.end()) return;
  for (uint32_t place : at->second) ring_[place] = StoredExemplar{};
  by_series_.erase(at);
}

}  // namespace nightlight::gorilla
