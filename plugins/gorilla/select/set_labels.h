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
  // The position of the series with these labels, which is added when there is none.
  uint32_t series(std::span<const LabelRef> labels);
  // The same for labels that the caller knows to be new.
  uint32_t add_series(std::span<const LabelRef> labels);

  uint32_t size() const { return static_cast<uint32_t>(ends_.size()); }
  View<LabelRef> labels(uint32_t i) const {
    uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {labels_.data() + begin, ends_[i] - begin};
  }
  const std::vector<Str>& symbols() const { return symbols_; }
  // The positions of all series in the order of their labels.
  std::vector<uint32_t> sorted() const;
  size_t memory_bytes() const;

 private:
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
