#include "gorilla/select/set_labels.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "nightlight/sugar.h"

namespace nightlight::gorilla {

uint32_t SetLabels::symbol(std::string_view text, bool stays) {
  uint32_t tag = tag_of(XXH3_64bits(text.data(), text.size()));
  uint32_t id = symbol_table_.find(tag, [&](const TagSlot& s) { return s.tag == tag && view(symbols_[s.id]) == text; });
  if (id != kNoId) return id;
  id = static_cast<uint32_t>(symbols_.size());
  symbols_.push_back(str(stays ? text : arena_.add(text)));
  symbol_table_.insert(TagSlot{tag, id});
  return id;
}

namespace {

uint32_t tag_of_labels(const LabelRef* refs, size_t count) { return tag_of(XXH3_64bits(refs, count * sizeof *refs)); }

}  // namespace

void SetLabels::reserve(size_t series, const Sets& sets) {
  // The first may be larger than most: rather room that has to grow than room that a query's budget does not have.
  constexpr size_t kMostLabels = 16;
  ends_.reserve(ends_.size() + series);
  labels_.reserve(labels_.size() + series * std::min(sets.refs.size() / sets.size(), kMostLabels));
}

void SetLabels::series(const Sets& sets, bool all_new, std::vector<uint32_t>& positions) {
  auto begin_of = [&](size_t i) { return i == 0 ? 0 : sets.ends[i - 1]; };
  auto refs_of = [&](size_t i) {
    return std::span<const LabelRef>(sets.refs).subspan(begin_of(i), sets.ends[i] - begin_of(i));
  };
  if (all_new) {
    for (size_t i = 0; i < sets.size(); ++i) positions.push_back(add_series(refs_of(i)));
    return;
  }
  for (; in_table_ < size(); ++in_table_) {
    const View<LabelRef> refs = labels(in_table_);
    series_table_.insert(TagSlot{tag_of_labels(refs.data, refs.size), in_table_});
  }
  std::vector<uint32_t> tags(sets.size());
  for (size_t i = 0; i < sets.size(); ++i) {
    tags[i] = tag_of_labels(refs_of(i).data(), refs_of(i).size());
    series_table_.prefetch(tags[i]);
  }
  for (size_t i = 0; i < sets.size(); ++i) {
    // Most likely the one, and its labels are elsewhere.
    const uint32_t id = series_table_.find(tags[i], [&](const TagSlot& s) { return s.tag == tags[i]; });
    if (id != kNoId) __builtin_prefetch(labels(id).data);
  }
  for (size_t i = 0; i < sets.size(); ++i) positions.push_back(find_or_add(refs_of(i), tags[i]));
}

uint32_t SetLabels::find_or_add(std::span<const LabelRef> labels, uint32_t tag) {
  uint32_t id = series_table_.find(tag, [&](const TagSlot& s) {
    if (s.tag != tag) return false;
    View<LabelRef> other = this->labels(s.id);
    return std::equal(labels.begin(), labels.end(), other.begin(), other.end(),
                      [](LabelRef a, LabelRef b) { return a.name == b.name && a.value == b.value; });
  });
  if (id != kNoId) return id;
  id = add_series(labels);
  series_table_.insert(TagSlot{tag, id});
  ++in_table_;
  return id;
}

uint32_t SetLabels::add_series(std::span<const LabelRef> labels) {
  labels_.insert(labels_.end(), labels.begin(), labels.end());
  ends_.push_back(static_cast<uint32_t>(labels_.size()));
  return size() - 1;
}

std::vector<uint64_t> SetLabels::sort_keys(const std::vector<uint32_t>& rank) const {
  // Series of one shape are ordered by their values, the first label's first: as many bits of the key for each label as
  // tell its values apart. A label that has the same value everywhere takes none.
  const View<LabelRef> shape = labels(0);
  std::vector<uint32_t> least(shape.size, UINT32_MAX), most(shape.size, 0);
  for (uint32_t i = 0; i < size(); ++i) {
    const View<LabelRef> refs = labels(i);
    if (refs.size != shape.size) return {};
    for (uint64_t k = 0; k < refs.size; ++k) {
      if (refs[k].name != shape[k].name) return {};
      const uint32_t value = rank[refs[k].value];
      least[k] = std::min(least[k], value);
      most[k] = std::max(most[k], value);
    }
  }
  int bits = 0;
  for (uint64_t k = 0; k < shape.size; ++k) bits += std::bit_width(most[k] - least[k]);
  if (bits > 64) return {};
  std::vector<uint64_t> keys(size());
  for (uint32_t i = 0; i < size(); ++i) {
    const View<LabelRef> refs = labels(i);
    uint64_t key = 0;
    for (uint64_t k = 0; k < shape.size; ++k)
      if (most[k] != least[k]) key = key << std::bit_width(most[k] - least[k]) | (rank[refs[k].value] - least[k]);
    keys[i] = key;
  }
  return keys;
}

std::vector<uint32_t> SetLabels::sorted() const {
  if (size() == 0) return {};
  // Compare ranks of symbols instead of texts.
  std::vector<uint32_t> order(symbols_.size()), rank(symbols_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return view(symbols_[a]) < view(symbols_[b]); });
  for (uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  std::vector<uint32_t> out(size());
  std::iota(out.begin(), out.end(), 0);
  if (const std::vector<uint64_t> keys = sort_keys(rank); !keys.empty()) {
    std::sort(out.begin(), out.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
    return out;
  }
  std::sort(out.begin(), out.end(), [&](uint32_t a, uint32_t b) {
    View<LabelRef> x = labels(a), y = labels(b);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), [&](LabelRef l, LabelRef r) {
      return l.name != r.name ? rank[l.name] < rank[r.name] : rank[l.value] < rank[r.value];
    });
  });
  return out;
}

size_t SetLabels::memory_bytes() const {
  return arena_.memory_bytes() + symbols_.capacity() * sizeof(Str) + labels_.capacity() * sizeof(LabelRef) +
         ends_.capacity() * 4 + symbol_table_.memory_bytes() + series_table_.memory_bytes();
}

}  // namespace nightlight::gorilla
