#include "gorilla/select/set_labels.h"

#include <xxhash.h>

#include <algorithm>
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

uint32_t SetLabels::series(std::span<const LabelRef> labels) {
  uint32_t tag = tag_of(XXH3_64bits(labels.data(), labels.size_bytes()));
  uint32_t id = series_table_.find(tag, [&](const TagSlot& s) {
    if (s.tag != tag) return false;
    View<LabelRef> other = this->labels(s.id);
    return std::equal(labels.begin(), labels.end(), other.begin(), other.end(),
                      [](LabelRef a, LabelRef b) { return a.name == b.name && a.value == b.value; });
  });
  if (id != kNoId) return id;
  id = size();
  labels_.insert(labels_.end(), labels.begin(), labels.end());
  ends_.push_back(static_cast<uint32_t>(labels_.size()));
  series_table_.insert(TagSlot{tag, id});
  return id;
}

std::vector<uint32_t> SetLabels::sorted() const {
  // Compare ranks of symbols instead of texts.
  std::vector<uint32_t> order(symbols_.size()), rank(symbols_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return view(symbols_[a]) < view(symbols_[b]); });
  for (uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  std::vector<uint32_t> out(size());
  std::iota(out.begin(), out.end(), 0);
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
