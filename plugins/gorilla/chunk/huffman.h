// Integers of one distribution, near the entropy of it: each is put into one of a few dozen equally wide buckets; the
// bucket's number is written in a Huffman code, the place within the bucket in plain bits. The few values outside of
// all buckets stand apart.
//
// Layout (docs/formats/chunk.md, "Buckets"). Codes come in two streams of half the numbers each, so that two of them
// are decoded at a time.
#ifndef NIGHTLIGHT_GORILLA_CHUNK_HUFFMAN_H_
#define NIGHTLIGHT_GORILLA_CHUNK_HUFFMAN_H_

#include <span>

#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

// Appends `values` (at least 2, at most kMaxChunkSamples). False, and nothing appended, when they would take `limit`
// bytes or more, or have no such form: all of them in one bucket.
bool put_buckets(std::span<const int64_t> values, size_t limit, Bytes& out);
// Reads all that is left; false when damaged.
bool read_buckets(BoundedReader& in, size_t count, int64_t* out);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_CHUNK_HUFFMAN_H_
