// Which series exist: from label sets to dense series ids and back, and from labels to the ids that have them.
//
// A distinct (name, value) pair is a *label* with a dense id of its own; a series is its labels' ids as varints. Ids of
// removed series are used again, so whoever keeps ids across a removal must compare `epoch`.
//
// Not synchronised: the head guards it with a reader-writer lock.
#ifndef NIGHTLIGHT_GORILLA_HEAD_SERIES_INDEX_H_
#define NIGHTLIGHT_GORILLA_HEAD_SERIES_INDEX_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gorilla/head/id_table.h"
#include "gorilla/head/postings.h"
#include "gorilla/head/sender_keys.h"
#include "gorilla/head/symbol_table.h"
#include "model/matcher.h"
#include "nightlight/columns.h"

namespace nightlight::gorilla {

class SeriesIndex {
 public:
  explicit SeriesIndex(uint64_t secret);

  // ---- label sets: sorted by name, names unique, no empty value ----
  // The series with exactly these labels, or kNoId.
  uint32_t find(std::span<const LabelPair> labels) const;
  struct Found {
    uint32_t id;
    bool created;
  };
  Found find_or_add(std::span<const LabelPair> labels);
  // Makes `id`, which must be free, the series of these labels: for rebuilding what a log tells.
  void add_at(uint32_t id, std::span<const LabelPair> labels);
  void remove(uint32_t id);
  bool exists(uint32_t id) const { return id < offsets_.size() && offsets_[id] != kNoOffset; }
  // Every id is below this.
  uint32_t id_end() const { return static_cast<uint32_t>(offsets_.size()); }
  uint32_t size() const { return live_; }
  uint32_t epoch() const { return epoch_; }

  // ---- senders' keys ----
  SenderKeys::Hash hash_key(std::string_view key) const;
  const SenderKeys& keys() const { return keys_; }
  void remember_key(SenderKeys::Hash hash, uint32_t id);

  // ---- labels of a series ----
  const SymbolTable& symbols() const { return symbols_; }
  uint32_t label_count() const { return static_cast<uint32_t>(labels_.size()); }
  LabelRef label(uint32_t label_id) const { return LabelRef{labels_[label_id].name, labels_[label_id].value}; }
  // Calls visit(label id) in the order of the label names.
  template <class Visit>
  void each_label(uint32_t id, Visit&& visit) const {
    const uint8_t* p = label_bytes(id);
    for (uint32_t n = varint(p); n > 0; --n) visit(varint(p));
  }
  // The value of one label, "" when the series lacks it.
  std::string_view value_of(uint32_t id, uint32_t name_symbol) const;

  // ---- selection ----
  // The series for which all matchers hold.
  Bitmap select(std::span<const LabelMatcher> matchers) const;
  const Bitmap& all() const { return all_; }
  uint32_t postings_size(uint32_t label_id) const { return labels_[label_id].postings.size(); }
  bool label_in_use(uint32_t label_id, const Bitmap* among) const {
    const Postings& p = labels_[label_id].postings;
    return among == nullptr ? !p.empty() : p.intersects(*among);
  }
  // The ids of the labels with this name; empty when there is none.
  std::span<const uint32_t> labels_with_name(uint32_t name_symbol) const;
  // Symbols that are label names.
  std::span<const uint32_t> names() const { return names_; }

  // After many additions: shrinks postings and tables.
  void optimize();
  size_t memory_bytes() const;

 private:
  struct Label {
    uint32_t name, value;
    Postings postings;
  };
  static constexpr uint32_t kNoOffset = UINT32_MAX;

  static uint32_t varint(const uint8_t*& p) {
    uint32_t v = *p++;
    if (v < 0x80) return v;
    v &= 0x7f;
    for (int shift = 7;; shift += 7) {
      uint32_t byte = *p++;
      v |= (byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
  }
  const uint8_t* label_bytes(uint32_t id) const {
    return label_blocks_[offsets_[id] >> kBlockBits].get() + (offsets_[id] & (kBlockSize - 1));
  }
  uint64_t hash_labels(std::span<const uint32_t> label_ids) const;
  uint32_t find_ids(std::span<const uint32_t> label_ids, uint64_t hash) const;
  uint32_t find_label(uint32_t name, uint32_t value) const;
  uint32_t intern_label(const LabelPair& pair);
  uint32_t store_labels(std::span<const uint32_t> label_ids);
  void link(uint32_t id, std::span<const uint32_t> label_ids, uint64_t hash);
  Bitmap accepted(const LabelMatcher& matcher, uint32_t name_symbol, bool matching) const;
  void filter(Bitmap& candidates, const LabelMatcher& matcher, uint32_t name_symbol) const;

  static constexpr uint32_t kBlockBits = 20;
  static constexpr uint32_t kBlockSize = 1u << kBlockBits;

  uint64_t secret_;
  uint32_t epoch_ = 1;
  SymbolTable symbols_;
  std::deque<Label> labels_;  // By label id. A deque does not move them all when it grows.
  IdTable label_table_;       // (name, value) -> label id
  std::vector<uint32_t> names_;
  std::vector<std::vector<uint32_t>> by_name_;  // By name symbol: label ids. Empty for symbols that are only values.

  std::vector<std::unique_ptr<uint8_t[]>> label_blocks_;
  uint32_t label_used_ = 0;  // Within the last block.
  size_t label_memory_ = 0;
  std::vector<uint32_t> offsets_;   // By series id.
  std::vector<uint32_t> free_ids_;  // All that are free, and some that were taken since.
  IdTable series_table_;
  SenderKeys keys_;
  Bitmap all_;
  uint32_t live_ = 0;
  std::vector<uint32_t> scratch_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_SERIES_INDEX_H_
