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
  // A sibling that was decoded. Chunks of one have others between them, so that there are several.
  struct Decoded {
    size_t chunk = 0;
    std::vector<double> values;  // Empty: none.
  };
  // Null when damaged.
  const std::vector<double>* sibling_of(const DataPageView& page, size_t i, const FloatChunk& chunk, size_t count);

  std::array<Decoded, 4> decoded_;
  size_t next_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_CHUNK_VALUES_H_
