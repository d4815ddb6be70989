#include "gorilla/block/block_meta.h"

#include <algorithm>

#include "gorilla/block/meta_codec.h"

namespace nightlight::gorilla {

std::string block_key(const Ulid& id) { return id.to_string() + ".nlb"; }

void put_ulid(const Ulid& id, Bytes& out) { put_bytes(out, id.bytes); }

Ulid read_ulid(BoundedReader& in) {
  Ulid id;
  ByteView bytes = in.bytes(id.bytes.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

void put_meta(const BlockMeta& meta, Bytes& out) {
  put_ulid(meta.id, out);
  put_varint(out, meta.level);
  put_varint(out, meta.flags);
  put_signed(out, meta.min_time_ms);
  put_signed(out, meta.max_time_ms);
  for (uint64_t number : {meta.stats.series, meta.stats.chunks, meta.stats.float_samples, meta.stats.histogram_samples,
                          meta.stats.size_bytes})
    put_varint(out, number);
  put_varint(out, meta.sources.size());
  for (const Ulid& source : meta.sources) put_ulid(source, out);
  put_varint(out, meta.log_ranges.size());
  for (const LogRange& range : meta.log_ranges) {
    put_varint(out, range.partition);
    put_varint(out, range.first);
    put_varint(out, range.last);
  }
  put_text(out, meta.tombstones_key);
}

BlockMeta read_meta(BoundedReader& in) {
  BlockMeta meta;
  meta.id = read_ulid(in);
  meta.level = static_cast<uint32_t>(in.bounded(UINT32_MAX));
  meta.flags = static_cast<uint32_t>(in.bounded(UINT32_MAX));
  meta.min_time_ms = in.signed_varint();
  meta.max_time_ms = in.signed_varint();
  for (uint64_t* number : {&meta.stats.series, &meta.stats.chunks, &meta.stats.float_samples,
                           &meta.stats.histogram_samples, &meta.stats.size_bytes})
    *number = in.varint();
  meta.sources.resize(in.bounded(in.remaining() / 16));
  for (Ulid& source : meta.sources) source = read_ulid(in);
  meta.log_ranges.resize(in.bounded(in.remaining() / 3));
  for (LogRange& range : meta.log_ranges) {
    range.partition = static_cast<uint32_t>(in.bounded(UINT32_MAX));
    range.first = in.varint();
    range.last = in.varint();
  }
  meta.tombstones_key = std::string(in.text());
  return meta;
}

}  // namespace nightlight::gorilla
