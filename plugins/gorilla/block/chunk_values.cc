#include "gorilla/block/chunk_values.h"

#include <algorithm>

#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/values.h"

namespace nightlight::gorilla {

void ChunkValues::clear() {
  for (Decoded& decoded : decoded_) decoded.values.clear();
}

const std::vector<double>* ChunkValues::find(size_t chunk) {
  for (Decoded& decoded : decoded_) {
    if (decoded.values.empty() || decoded.chunk != chunk) continue;
    decoded.used = ++uses_;
    return &decoded.values;
  }
  return nullptr;
}

std::vector<double>& ChunkValues::make(size_t chunk) {
  Decoded& oldest = *std::min_element(decoded_.begin(), decoded_.end(),
                                      [](const Decoded& a, const Decoded& b) { return a.used < b.used; });
  oldest.chunk = chunk;
  oldest.used = ++uses_;
  return oldest.values;
}

bool ChunkValues::decode(const DataPageView& page, size_t i, const FloatChunk& chunk, size_t count, double* out) {
  if (has_sibling(chunk.encoding)) {
    const std::vector<double>* sibling = sibling_of(page, i, chunk, count);
    return sibling != nullptr && decode_values(chunk.encoding, chunk.values, count, out, *sibling);
  }
  if (!decode_values(chunk.encoding, chunk.values, count, out)) return false;
  // Those that follow are told from it.
  if (page.is_sibling(i) && find(i) == nullptr) make(i).assign(out, out + count);
  return true;
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
  if (const std::vector<double>* decoded = find(at); decoded != nullptr) return decoded;
  std::vector<double>& values = make(at);
  values.resize(count);
  // Refuses one that has a sibling itself, which bounds what a chunk costs.
  if (decode_values(other.encoding, other.values, count, values.data())) return &values;
  values.clear();
  return nullptr;
}

}  // namespace nightlight::gorilla
