// The bytes of a BlockMeta, the same in a block and in the catalog.
#ifndef NIGHTLIGHT_GORILLA_BLOCK_META_CODEC_H_
#define NIGHTLIGHT_GORILLA_BLOCK_META_CODEC_H_

#include "gorilla/block/block_meta.h"
#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {

void put_ulid(const Ulid& id, Bytes& out);
Ulid read_ulid(BoundedReader& in);

void put_meta(const BlockMeta& meta, Bytes& out);
// Check in.ok() afterwards.
BlockMeta read_meta(BoundedReader& in);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_BLOCK_META_CODEC_H_
