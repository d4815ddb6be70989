// Postings within a block: ascending ordinals as runs. Blocks are sorted by label sets, so series that share a label
// lie side by side: a list is a handful of runs, each two varints (the gap since the run before, the length less one).
// A bitmap format would have a header of its own size for most of them.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_POSTINGS_H_
#define NIGHTLIGHT_GORILLA_BLOCK_POSTINGS_H_

#include <optional>
#include <span>
#include <vector>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

void put_postings(std::span<const uint32_t> ordinals, Bytes& out);
// How many ordinals below `size` the postings list; nothing when they are damaged. Takes as long as there are runs.
std::optional<uint64_t> count_postings(ByteView postings, uint32_t size);

// A set of ordinals below `size`.
class OrdinalSet {
 public:
  explicit OrdinalSet(uint32_t size) : size_(size), words_((size + 63) / 64) {}

  void fill();
  void add_run(uint32_t first, uint32_t count);
  // Adds what `postings` say; false when they are damaged.
  bool add_postings(ByteView postings);
  void intersect(const OrdinalSet& other);
  void subtract(const OrdinalSet& other);
  bool contains(uint32_t ordinal) const { return (words_[ordinal / 64] >> (ordinal % 64) & 1) != 0; }
  bool empty() const;
  std::vector<uint32_t> to_vector() const;

 private:
  uint32_t size_;
  std::vector<uint64_t> words_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_POSTINGS_H_
