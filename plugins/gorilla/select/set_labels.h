// The labels of a SeriesSet: one symbol table for all sources, one entry for each label set.
#ifndef NIGHTLIGHT_GORILLA_SELECT_SET_LABELS_H_
#define NIGHTLIGHT_GORILLA_SELECT_SET_LABELS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gorilla/head/id_table.h"
#include "gorilla/head/symbol_table.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {

class SetLabels {
 public:
  // The symbol of a text, which is copied unless `stays` says that it outlives the set.
  uint32_t symbol(std::string_view text, bool stays);
  // Label sets on their way in, of several series one behind the other.
  struct Sets {
    std::vector<LabelRef> refs;
    std::vector<uint32_t> ends;  // Of each in refs.
    size_t size() const { return ends.size(); }
    void clear() {
      refs.clear();
      ends.clear();
    }
  };
  // Before so many more series are added, about as large as those of `sets`.
  void reserve(size_t series, const Sets& sets);
  // Appends the positions of the series with these labels, which are added when they are not there. `all_new`: the
  // caller knows that none is. Many at a time take less: what they look at is fetched from memory at once.
  void series(const Sets& sets, bool all_new, std::vector<uint32_t>& positions);
  // What callers put into one call.
  static constexpr size_t kTogether = 64;

  uint32_t size() const { return static_cast<uint32_t>(ends_.size()); }
  View<LabelRef> labels(uint32_t i) const {
    uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {labels_.data() + begin, ends_[i] - begin};
  }
  // Fetches what labels(i) reads.
  void prefetch(uint32_t i) const {
    const View<LabelRef> refs = labels(i);
    __builtin_prefetch(refs.data);
    if (refs.size > 0) __builtin_prefetch(refs.data + refs.size - 1);
  }
  const std::vector<Str>& symbols() const { return symbols_; }
  // The positions of all series in the order of their labels.
  std::vector<uint32_t> sorted() const;
  size_t memory_bytes() const;

 private:
  uint32_t find_or_add(std::span<const LabelRef> labels, uint32_t tag);
  uint32_t add_series(std::span<const LabelRef> labels);
  // For each series a number such that they ascend with the labels; empty when there is no such number: the series
  // differ in their label names, or in too many labels.
  std::vector<uint64_t> sort_keys(const std::vector<uint32_t>& rank) const;

  TextArena arena_;
  std::vector<Str> symbols_;
  IdTable symbol_table_;
  std::vector<LabelRef> labels_;
  std::vector<uint32_t> ends_;
  IdTable series_table_;
  uint32_t in_table_ = 0;  // So many series are in series_table_, which is completed when it is first needed.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_SELECT_SET_LABELS_H_
