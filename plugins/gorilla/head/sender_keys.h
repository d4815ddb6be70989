// From the keys by which senders name series to series ids. A sender names its series in the same order again and
// again: the keys stand in the order in which they came first, so that a search looks at the neighbour of what it found
// last before it goes to the hash table, and with millions of series most keys cost no cache miss.
//
// Hashes stand for the keys themselves. They are keyed with a secret: 96 bits of them are compared after a look into
// the table, where among 10^8 keys the odds of any two meeting are below 10^-12, and 64 of the one neighbour.
//
// Not synchronised.
#ifndef NIGHTLIGHT_GORILLA_HEAD_SENDER_KEYS_H_
#define NIGHTLIGHT_GORILLA_HEAD_SENDER_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gorilla/head/id_table.h"

namespace nightlight::gorilla {

class SenderKeys {
 public:
  struct Hash {
    uint64_t high, low;
  };

  // The series id that was remembered with the hash, or kNoId.
  uint32_t find(Hash hash) const;

  // The same for one key after the other, in the order in which a sender names them.
  class Search {
   public:
    explicit Search(const SenderKeys& keys) : keys_(keys) {}
    // Of each hash its series id, or kNoId, into `ids`.
    void find(std::span<const Hash> hashes, uint32_t* ids);

   private:
    const SenderKeys& keys_;
    uint32_t next_ = 0;       // The neighbour.
    bool scattered_ = false;  // The last keys had other neighbours: their slots and entries are fetched ahead.
  };

  // The hash must not have been remembered yet.
  void add(Hash hash, uint32_t id);
  size_t size() const { return size_; }
  void clear();
  size_t memory_bytes() const { return table_.memory_bytes() + pieces_.size() * kPiece * sizeof(Entry); }

 private:
  // What the table's tag leaves of a hash.
  struct Entry {
    uint32_t middle, low, id;
    bool is(Hash hash) const {
      return middle == static_cast<uint32_t>(hash.high) && low == static_cast<uint32_t>(hash.low);
    }
  };
  static constexpr uint32_t kPieceBits = 12;
  static constexpr uint32_t kPiece = 1u << kPieceBits;

  const Entry& entry(uint32_t number) const { return pieces_[number >> kPieceBits][number & (kPiece - 1)]; }
  // The number of its entry, or kNoId.
  uint32_t number_of(Hash hash) const {
    const uint32_t tag = tag_of(hash.high);
    return table_.find(tag, [&](const TagSlot& slot) { return slot.tag == tag && entry(slot.id).is(hash); });
  }

  std::vector<std::unique_ptr<Entry[]>> pieces_;  // Entries never move.
  uint32_t size_ = 0;
  IdTable table_;  // Numbers of entries.
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_SENDER_KEYS_H_
