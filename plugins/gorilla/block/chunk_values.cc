#include "gorilla/block/chunk_values.h"

#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/values.h"

namespace nightlight::gorilla {

void ChunkValues::clear() {
  for (Decoded& decoded : decoded_) decoded.values.clear();
}

bool ChunkValues::decode(const DataPageView& page, size_t i, const FloatChunk& chunk, size_t count, double* out) {
  if (!has_sibling(chunk.encoding)) return decode_values(chunk.encoding, chunk.values, count, out);
  const std::vector<double>* sibling = sibling_of(page, i, chunk, count);
  return sibling != nullptr && decode_values(chunk.encoding, chunk.values, count, out, *sibling);
}

const std::vector<double>* ChunkValues::sibling_of(const DataPageView& page, size_t i, const FloatChunk& chunk,
                                                   size_t count) {
  const size_t back = sibling_back(chunk.values);
  if (back > i) return nullptr;
  const size_t at = i - back;
  FloatChunk other;
  if (page.column(at) != page.column(i) || page.kind(at) == kHistogramEncoding ||
      !split_float_chunk(page.kind(at), page.chunk(at), &other))
    return nullptr;
  for (const Decoded& decoded : decoded_)
    if (!decoded.values.empty() && decoded.chunk == at) return &decoded.values;
  Decoded& decoded = decoded_[next_++ % decoded_.size()];
  decoded.chunk = at;
  decoded.values.resize(count);
  // Refuses one that has a sibling itself, which bounds what a chunk costs.
  if (decode_values(other.encoding, other.values, count, decoded.values.data())) return &decoded.values;
  decoded.values.clear();
  return nullptr;
}

}  // namespace nightlight::gorilla
