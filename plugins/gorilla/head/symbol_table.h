// Interned strings: equal strings have the same u32. Texts never move.
#ifndef NIGHTLIGHT_GORILLA_HEAD_SYMBOL_TABLE_H_
#define NIGHTLIGHT_GORILLA_HEAD_SYMBOL_TABLE_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gorilla/head/id_table.h"

namespace nightlight::gorilla {

// Bytes that never move, freed all together.
class TextArena {
 public:
  // A copy of `text` that lives as long as the arena.
  std::string_view add(std::string_view text);
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t left_ = 0;
  char* next_ = nullptr;
  size_t memory_bytes_ = 0;
};

class SymbolTable {
 public:
  // `secret` keys the hash, so that a sender cannot choose strings that collide.
  explicit SymbolTable(uint64_t secret) : secret_(secret) {}

  uint32_t intern(std::string_view text);
  // kNoId when it was never interned.
  uint32_t find(std::string_view text) const;
  std::string_view text(uint32_t symbol) const { return texts_[symbol]; }
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }
  size_t memory_bytes() const;

 private:
  uint64_t hash(std::string_view text) const;

  uint64_t secret_;
  TextArena arena_;
  std::vector<std::string_view> texts_;
  IdTable table_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_SYMBOL_TABLE_H_
