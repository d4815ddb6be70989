// Open-addressing hash tables from hashes to dense ids. They hold no keys: the caller compares. Slots are placed by the
// hash's own high bits, so a table grows by 1.5 in one sequential pass without the keys.
#ifndef NIGHTLIGHT_GORILLA_HEAD_ID_TABLE_H_
#define NIGHTLIGHT_GORILLA_HEAD_ID_TABLE_H_

#include <cstdint>
#include <vector>

namespace nightlight::gorilla {

inline constexpr uint32_t kNoId = UINT32_MAX;

// `Slot` has `uint32_t id` (kNoId: empty) and `uint32_t place() const`, the bits that place it.
template <class Slot>
class SlotTable {
 public:
  size_t size() const { return used_; }
  size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

  void prefetch(uint32_t place) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(place)]);
  }

  // The id of the slot for which `same(slot)` is true, or kNoId.
  template <class Same>
  uint32_t find(uint32_t place, Same&& same) const {
    if (slots_.empty()) return kNoId;
    for (size_t i = home(place); slots_[i].id != kNoId; i = next(i))
      if (same(slots_[i])) return slots_[i].id;
    return kNoId;
  }

  // The slot must not be there yet.
  void insert(Slot slot) {
    if ((used_ + 1) * 5 > slots_.size() * 4) grow();
    place_new(slot);
    ++used_;
  }

  template <class Same>
  void erase(uint32_t place, Same&& same) {
    if (slots_.empty()) return;
    size_t i = home(place);
    while (slots_[i].id != kNoId && !same(slots_[i])) i = next(i);
    if (slots_[i].id == kNoId) return;
    slots_[i] = Slot{};
    --used_;
    // Close the gap: every slot of the run that follows goes to where a search now finds it.
    for (size_t j = next(i); slots_[j].id != kNoId; j = next(j)) {
      Slot moved = slots_[j];
      slots_[j] = Slot{};
      place_new(moved);
    }
  }

  void clear() {
    slots_ = {};
    used_ = 0;
  }

 private:
  size_t home(uint32_t place) const { return static_cast<size_t>((uint64_t{place} * slots_.size()) >> 32); }
  size_t next(size_t i) const { return i + 1 == slots_.size() ? 0 : i + 1; }
  void place_new(const Slot& slot) {
    size_t i = home(slot.place());
    while (slots_[i].id != kNoId) i = next(i);
    slots_[i] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() < 64 ? 64 : slots_.size() + slots_.size() / 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.id != kNoId) place_new(slot);
  }

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

struct TagSlot {
  uint32_t tag = 0;  // The high half of the hash.
  uint32_t id = kNoId;
  uint32_t place() const { return tag; }
};
using IdTable = SlotTable<TagSlot>;

inline uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_ID_TABLE_H_
