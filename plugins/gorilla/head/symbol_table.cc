#include "gorilla/head/symbol_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace nightlight::gorilla {

std::string_view TextArena::add(std::string_view text) {
  // Blocks grow with the arena: a store of a hundred series should not hold a quarter of a megabyte for their names.
  constexpr size_t kMinBlock = 4096, kMaxBlock = 256 * 1024;
  if (text.size() > left_) {
    size_t size = std::max(std::clamp(memory_bytes_, kMinBlock, kMaxBlock), text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    next_ = blocks_.back().get();
    left_ = size;
    memory_bytes_ += size;
  }
  char* out = next_;
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  next_ += text.size();
  left_ -= text.size();
  return {out, text.size()};
}

uint64_t SymbolTable::hash(std::string_view text) const {
  return XXH3_64bits_withSeed(text.data(), text.size(), secret_);
}

uint32_t SymbolTable::find(std::string_view text) const {
  uint32_t tag = tag_of(hash(text));
  return table_.find(tag, [&](const TagSlot& slot) { return slot.tag == tag && texts_[slot.id] == text; });
}

uint32_t SymbolTable::intern(std::string_view text) {
  uint32_t tag = tag_of(hash(text));
  uint32_t id = table_.find(tag, [&](const TagSlot& slot) { return slot.tag == tag && texts_[slot.id] == text; });
  if (id != kNoId) return id;
  id = size();
  texts_.push_back(arena_.add(text));
  table_.insert(TagSlot{tag, id});
  return id;
}

size_t SymbolTable::memory_bytes() const {
  return arena_.memory_bytes() + texts_.capacity() * sizeof(texts_[0]) + table_.memory_bytes();
}

}  // namespace nightlight::gorilla
