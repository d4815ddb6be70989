#include "gorilla/head/series_index.h"

#include <xxhash.h>

#include <algorithm>
#include <unordered_map>

#include "nightlight/sugar.h"

namespace nightlight::gorilla {
namespace {

uint64_t mix(uint64_t hash, uint64_t value) {
  __uint128_t product = static_cast<__uint128_t>(hash ^ value) * 0x9e3779b97f4a7c15ull;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

SeriesIndex::SeriesIndex(uint64_t secret) : secret_(secret | 1), symbols_(secret) {}

// ---- labels
// ---------------------------------------------------------------------------------------------------------------

uint32_t SeriesIndex::find_label(uint32_t name, uint32_t value) const {
  uint32_t tag = tag_of(mix(secret_, uint64_t{name} << 32 | value));
  return label_table_.find(tag, [&](const TagSlot& slot) {
    return slot.tag == tag && labels_[slot.id].name == name && labels_[slot.id].value == value;
  });
}

uint32_t SeriesIndex::intern_label(const LabelPair& pair) {
  uint32_t name = symbols_.intern(view(pair.name));
  uint32_t value = symbols_.intern(view(pair.value));
  uint32_t id = find_label(name, value);
  if (id != kNoId) return id;
  id = label_count();
  labels_.push_back(Label{name, value, {}});
  label_table_.insert(TagSlot{tag_of(mix(secret_, uint64_t{name} << 32 | value)), id});
  if (by_name_.size() <= name) by_name_.resize(name + 1);
  if (by_name_[name].empty()) names_.push_back(name);
  by_name_[name].push_back(id);
  return id;
}

std::span<const uint32_t> SeriesIndex::labels_with_name(uint32_t name_symbol) const {
  if (name_symbol >= by_name_.size()) return {};
  return by_name_[name_symbol];
}

std::string_view SeriesIndex::value_of(uint32_t id, uint32_t name_symbol) const {
  std::string_view value;
  each_label(id, [&](uint32_t label_id) {
    if (labels_[label_id].name == name_symbol) value = symbols_.text(labels_[label_id].value);
  });
  return value;
}

// ---- series
// ---------------------------------------------------------------------------------------------------------------

uint64_t SeriesIndex::hash_labels(std::span<const uint32_t> label_ids) const {
  uint64_t hash = secret_;
  for (uint32_t id : label_ids) hash = mix(hash, id + 1);
  return mix(hash, secret_);
}

uint32_t SeriesIndex::find_ids(std::span<const uint32_t> label_ids, uint64_t hash) const {
  uint32_t tag = tag_of(hash);
  return series_table_.find(tag, [&](const TagSlot& slot) {
    if (slot.tag != tag) return false;
    const uint8_t* p = label_bytes(slot.id);
    if (varint(p) != label_ids.size()) return false;
    return std::all_of(label_ids.begin(), label_ids.end(), [&](uint32_t id) { return varint(p) == id; });
  });
}

uint32_t SeriesIndex::find(std::span<const LabelPair> labels) const {
  std::vector<uint32_t> ids;
  ids.reserve(labels.size());
  for (const LabelPair& pair : labels) {
    uint32_t name = symbols_.find(view(pair.name));
    uint32_t value = name == kNoId ? kNoId : symbols_.find(view(pair.value));
    uint32_t id = value == kNoId ? kNoId : find_label(name, value);
    if (id == kNoId) return kNoId;
    ids.push_back(id);
  }
  return find_ids(ids, hash_labels(ids));
}

SeriesIndex::Found SeriesIndex::find_or_add(std::span<const LabelPair> labels) {
  scratch_.clear();
  for (const LabelPair& pair : labels) scratch_.push_back(intern_label(pair));
  uint64_t hash = hash_labels(scratch_);
  uint32_t id = find_ids(scratch_, hash);
  if (id != kNoId) return {id, false};
  while (!free_ids_.empty() && exists(free_ids_.back())) free_ids_.pop_back();
  if (free_ids_.empty()) {
    id = id_end();
    offsets_.push_back(kNoOffset);
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  link(id, scratch_, hash);
  return {id, true};
}

void SeriesIndex::add_at(uint32_t id, std::span<const LabelPair> labels) {
  // Ids below that were skipped become free: they belonged to series that are gone. One of them that is taken later
  // stays in the list, where a million others would have to be looked through for it.
  while (id_end() <= id) {
    if (id_end() < id) free_ids_.push_back(id_end());
    offsets_.push_back(kNoOffset);
  }
  scratch_.clear();
  for (const LabelPair& pair : labels) scratch_.push_back(intern_label(pair));
  link(id, scratch_, hash_labels(scratch_));
}

uint32_t SeriesIndex::store_labels(std::span<const uint32_t> label_ids) {
  const auto most = static_cast<uint32_t>(5 * (label_ids.size() + 1));
  if (label_blocks_.empty() || kBlockSize - label_used_ < most) {
    label_blocks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(std::max(kBlockSize, most)));
    label_memory_ += std::max(kBlockSize, most);
    label_used_ = 0;
  }
  uint8_t* start = label_blocks_.back().get() + label_used_;
  uint8_t* p = start;
  auto put = [&p](uint32_t v) {
    for (; v >= 0x80; v >>= 7) *p++ = static_cast<uint8_t>(v | 0x80);
    *p++ = static_cast<uint8_t>(v);
  };
  put(static_cast<uint32_t>(label_ids.size()));
  for (uint32_t id : label_ids) put(id);
  auto offset = static_cast<uint32_t>((label_blocks_.size() - 1) << kBlockBits) + label_used_;
  label_used_ += static_cast<uint32_t>(p - start);
  return offset;
}

void SeriesIndex::link(uint32_t id, std::span<const uint32_t> label_ids, uint64_t hash) {
  offsets_[id] = store_labels(label_ids);
  series_table_.insert(TagSlot{tag_of(hash), id});
  for (uint32_t label_id : label_ids) labels_[label_id].postings.add(id);
  all_.add(id);
  ++live_;
}

void SeriesIndex::remove(uint32_t id) {
  scratch_.clear();
  each_label(id, [&](uint32_t label_id) { scratch_.push_back(label_id); });
  for (uint32_t label_id : scratch_) labels_[label_id].postings.remove(id);
  uint64_t hash = hash_labels(scratch_);
  series_table_.erase(tag_of(hash), [&](const TagSlot& slot) { return slot.id == id; });
  all_.remove(id);
  offsets_[id] = kNoOffset;
  free_ids_.push_back(id);
  --live_;
  ++epoch_;
  keys_.clear();  // Senders spell out the labels once more.
}

// ---- keys
// -----------------------------------------------------------------------------------------------------------------

SenderKeys::Hash SeriesIndex::hash_key(std::string_view key) const {
  XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), secret_);
  return {hash.high64, hash.low64};
}

void SeriesIndex::remember_key(SenderKeys::Hash hash, uint32_t id) {
  if (keys_.find(hash) != kNoId) return;
  // Several senders may spell a series differently; more than four spellings of every series is a sender that never
  // repeats.
  if (keys_.size() > 4 * size_t{live_} + 1024) keys_.clear();
  keys_.add(hash, id);
}

// ---- selection
// --------------------------------------------------------------------------------------------------------------

// The series whose label `name_symbol` has a value that matches (or, with `matching` false, one that does not).
Bitmap SeriesIndex::accepted(const LabelMatcher& matcher, uint32_t name_symbol, bool matching) const {
  Bitmap out;
  if (name_symbol == kNoId) return out;
  // What is listed are the values that the expression accepts; is that the side that is wanted?
  const bool wants_accepted = matching != matcher.negated();
  if (matcher.shape() == LabelMatcher::Shape::kSet && wants_accepted) {
    for (const std::string& text : matcher.literals()) {
      uint32_t value = symbols_.find(text);
      uint32_t label_id = value == kNoId ? kNoId : find_label(name_symbol, value);
      if (label_id != kNoId) labels_[label_id].postings.add_to(out);
    }
    return out;
  }
  std::span<const uint32_t> candidates = labels_with_name(name_symbol);
  for (uint32_t label_id : candidates) {
    const Label& label = labels_[label_id];
    if (!label.postings.empty() && matcher.matches(symbols_.text(label.value)) == matching) label.postings.add_to(out);
  }
  return out;
}

// Keeps the candidates for which the matcher holds by looking at each one's label.
void SeriesIndex::filter(Bitmap& candidates, const LabelMatcher& matcher, uint32_t name_symbol) const {
  std::unordered_map<uint32_t, bool> verdicts;  // By value symbol.
  const bool without = matcher.matches_empty();
  Bitmap kept;
  for (uint32_t id : candidates.ids()) {
    uint32_t value = kNoId;
    each_label(id, [&](uint32_t label_id) {
      if (labels_[label_id].name == name_symbol) value = labels_[label_id].value;
    });
    bool keep = without;
    if (value != kNoId) {
      auto [at, fresh] = verdicts.try_emplace(value, false);
      if (fresh) at->second = matcher.matches(symbols_.text(value));
      keep = at->second;
    }
    if (keep) kept.add(id);
  }
  candidates = std::move(kept);
}

Bitmap SeriesIndex::select(std::span<const LabelMatcher> matchers) const {
  struct Step {
    const LabelMatcher* matcher;
    uint32_t name;
    size_t cost;  // How many postings must be looked at.
    bool subtracts;
  };
  std::vector<Step> steps;
  for (const LabelMatcher& m : matchers) {
    uint32_t name = symbols_.find(m.name());
    bool subtracts = m.matches_empty();
    bool listed = m.shape() == LabelMatcher::Shape::kSet && subtracts == m.negated();
    size_t values = name == kNoId ? 0 : labels_with_name(name).size();
    steps.push_back({&m, name, listed ? std::min(values, m.literals().size()) : values + 16, subtracts});
  }
  // Cheap and narrowing ones first, what only takes away last.
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.subtracts != b.subtracts ? b.subtracts : a.cost < b.cost;
  });
  bool started = false;
  Bitmap out;
  for (const Step& step : steps) {
    if (started && out.empty()) return out;
    if (!started && step.subtracts) out = all_.copy();
    started = started || step.subtracts;
    if (started && step.cost > 32 && out.size() < 4 * step.cost) {
      filter(out, *step.matcher, step.name);
    } else if (step.subtracts) {
      out.subtract(accepted(*step.matcher, step.name, false));
    } else if (started) {
      out.intersect(accepted(*step.matcher, step.name, true));
    } else {
      out = accepted(*step.matcher, step.name, true);
      started = true;
    }
  }
  return started ? std::move(out) : all_.copy();
}

// ---- memory
// -----------------------------------------------------------------------------------------------------------------

void SeriesIndex::optimize() {
  for (Label& label : labels_) label.postings.optimize();
  roaring_bitmap_run_optimize(all_.raw());
}

size_t SeriesIndex::memory_bytes() const {
  size_t out = symbols_.memory_bytes() + labels_.size() * sizeof(Label) + label_table_.memory_bytes() + label_memory_ +
               offsets_.capacity() * 4 + series_table_.memory_bytes() + keys_.memory_bytes();
  for (const Label& label : labels_) out += label.postings.memory_bytes();
  for (const auto& ids : by_name_) out += sizeof(ids) + ids.capacity() * 4;
  return out;
}

}  // namespace nightlight::gorilla
