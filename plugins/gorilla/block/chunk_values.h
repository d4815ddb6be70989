// Decodes the values of a page's chunks of floats; for those that are told from a sibling, the sibling first.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_CHUNK_VALUES_H_
#define NIGHTLIGHT_GORILLA_BLOCK_CHUNK_VALUES_H_

#include <array>
#include <vector>

#include "gorilla/block/data_reader.h"

namespace nightlight::gorilla {

class ChunkValues {
 public:
  // Must be called when another page follows.
  void clear();
  // The `count` values of the page's chunk `i`, which `chunk` is. False when damaged.
  bool decode(const DataPageView& page, size_t i, const FloatChunk& chunk, size_t count, double* out);

 private:
  // A sibling that was decoded. A family has up to two, and other families' chunks between its own.
  struct Decoded {
    size_t chunk = 0;
    uint64_t used = 0;           // When, counted in uses.
    std::vector<double> values;  // Empty: none.
  };
  // Null when it is not there.
  const std::vector<double>* find(size_t chunk);
  // Of this chunk from now on: the one that was not used for longest.
  std::vector<double>& make(size_t chunk);
  // Null when damaged.
  const std::vector<double>* sibling_of(const DataPageView& page, size_t i, const FloatChunk& chunk, size_t count);

  std::array<Decoded, 12> decoded_;
  uint64_t uses_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_CHUNK_VALUES_H_
