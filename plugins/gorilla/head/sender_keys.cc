#include "gorilla/head/sender_keys.h"

namespace nightlight::gorilla {

uint32_t SenderKeys::find(Hash hash) const {
  const uint32_t number = number_of(hash);
  return number == kNoId ? kNoId : entry(number).id;
}

void SenderKeys::Search::find(std::span<const Hash> hashes, uint32_t* ids) {
  if (scattered_) {
    for (Hash hash : hashes) keys_.table_.prefetch(tag_of(hash.high));
    for (Hash hash : hashes) {
      const uint32_t tag = tag_of(hash.high);
      const uint32_t likely = keys_.table_.find(tag, [tag](const TagSlot& slot) { return slot.tag == tag; });
      if (likely != kNoId) __builtin_prefetch(&keys_.entry(likely));
    }
  }
  size_t jumps = 0;
  for (size_t i = 0; i < hashes.size(); ++i) {
    uint32_t number = next_;
    if (number >= keys_.size_ || !keys_.entry(number).is(hashes[i])) {
      number = keys_.number_of(hashes[i]);
      ++jumps;
    }
    ids[i] = number == kNoId ? kNoId : keys_.entry(number).id;
    if (number != kNoId) next_ = number + 1;
  }
  scattered_ = jumps > hashes.size() / 4;
}

void SenderKeys::add(Hash hash, uint32_t id) {
  if (size_ == pieces_.size() * kPiece) pieces_.push_back(std::make_unique_for_overwrite<Entry[]>(kPiece));
  pieces_.back()[size_ & (kPiece - 1)] = {static_cast<uint32_t>(hash.high), static_cast<uint32_t>(hash.low), id};
  table_.insert(TagSlot{tag_of(hash.high), size_});
  ++size_;
}

void SenderKeys::clear() {
  pieces_.clear();
  size_ = 0;
  table_.clear();
}

}  // namespace nightlight::gorilla
