#include "gorilla/block/format.h"

#include <zstd.h>

#include <algorithm>
#include <charconv>

#include "base/crc32c.h"
#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {
namespace {

enum PageCodec : uint8_t { kRaw = 0, kZstd = 1 };
constexpr std::string_view kDamagedAt = " is damaged at ";

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// The contexts are worth keeping: making one costs more than a page.
ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, ContextDeleter> context(ZSTD_createCCtx());
  return context.get();
}
ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, ContextDeleter> context(ZSTD_createDCtx());
  return context.get();
}

// True when the compressed bytes are behind `out`'s end before, and much smaller.
bool compress(const Bytes& raw, int level, Bytes& out) {
  size_t start = out.size();
  out.resize(start + ZSTD_compressBound(raw.size()));
  size_t size = ZSTD_compressCCtx(compressor(), out.data() + start, out.size() - start, raw.data(), raw.size(), level);
  bool worth = ZSTD_isError(size) == 0 && size < raw.size() - raw.size() / 20;
  out.resize(worth ? start + size : start);
  return worth;
}

}  // namespace

uint32_t page_seed(const Ulid& id, uint64_t offset) {
  return crc32c(&offset, sizeof(offset), crc32c(id.bytes.data(), id.bytes.size()));
}

void put_page(PageKind kind, const Bytes& raw, int zstd_level, uint32_t seed, Bytes& out) {
  size_t start = out.size();
  out.resize(start + kPageHeaderBytes);
  PageCodec codec = zstd_level > 0 && compress(raw, zstd_level, out) ? kZstd : kRaw;
  if (codec == kRaw) put_bytes(out, raw);
  auto stored = static_cast<uint32_t>(out.size() - start - kPageHeaderBytes);
  auto raw_size = static_cast<uint32_t>(raw.size());
  uint8_t* header = out.data() + start;
  header[0] = static_cast<uint8_t>(kind);
  header[1] = codec;
  header[2] = header[3] = 0;
  std::memcpy(header + 4, &raw_size, 4);
  std::memcpy(header + 8, &stored, 4);
  uint32_t crc = crc32c(header + kPageHeaderBytes, stored, crc32c(header, 12, seed));
  std::memcpy(header + 12, &crc, 4);
}

Result<Bytes> unpack_page(ByteView stored, PageKind kind, uint32_t seed) {
  Error wrong{Code::kDataLoss, ""};
  if (stored.size() < kPageHeaderBytes) return wrong;
  const uint8_t* header = stored.data();
  auto raw_size = load<uint32_t>(header + 4);
  ByteView body = stored.subspan(kPageHeaderBytes);
  if (load<uint32_t>(header + 8) != body.size()) return wrong;
  if (crc32c(body.data(), body.size(), crc32c(header, 12, seed)) != load<uint32_t>(header + 12)) return wrong;
  if (header[0] != static_cast<uint8_t>(kind) || raw_size > kMaxPageBytes) return wrong;
  if (header[1] == kRaw) {
    if (raw_size != body.size()) return wrong;
    return Bytes(body.begin(), body.end());
  }
  if (header[1] != kZstd) return Error{Code::kUnimplemented, "compressed by a method of a newer version"};
  // Only a size that the frame itself agrees with is allocated.
  if (ZSTD_getFrameContentSize(body.data(), body.size()) != raw_size) return wrong;
  Bytes raw(raw_size);
  size_t got = ZSTD_decompressDCtx(decompressor(), raw.data(), raw.size(), body.data(), body.size());
  if (ZSTD_isError(got) != 0 || got != raw_size) return wrong;
  return raw;
}

Result<Bytes> read_page(const BucketObject& object, const Ulid& id, PageKind kind, PageRef page) {
  if (page.size < kPageHeaderBytes || page.size > kMaxPageBytes || page.offset > object.size_bytes() ||
      page.size > object.size_bytes() - page.offset)
    return damaged(object, page.offset, "a page lies outside of the object");
  Bytes stored(page.size);
  NIGHTLIGHT_TRY(object.read(page.offset, stored.data(), stored.size()));
  auto raw = unpack_page(stored, kind, page_seed(id, page.offset));
  if (raw.ok()) return raw;
  if (raw.error().code == Code::kUnimplemented)
    return Error{Code::kUnimplemented,
                 object.key() + " at " + std::to_string(page.offset) + ": " + raw.error().message};
  return damaged(object, page.offset, "the checksum of a page is wrong");
}

Error damaged(const BucketObject& object, uint64_t offset, std::string_view what) {
  return Error{Code::kDataLoss,
               object.key() + std::string(kDamagedAt) + std::to_string(offset) + ": " + std::string(what)};
}

std::optional<uint64_t> damaged_offset(const Error& error) {
  const size_t at = error.message.find(kDamagedAt);
  if (error.code != Code::kDataLoss || at == std::string::npos) return std::nullopt;
  const char* begin = error.message.data() + at + kDamagedAt.size();
  uint64_t offset = 0;
  auto [end, failed] = std::from_chars(begin, error.message.data() + error.message.size(), offset);
  return failed == std::errc() ? std::optional<uint64_t>(offset) : std::nullopt;
}

void put_column(std::span<const uint64_t> values, Bytes& out) {
  bool constant = std::all_of(values.begin(), values.end(), [&](uint64_t value) { return value == values[0]; });
  out.push_back(constant ? 0 : 1);
  if (constant) values = values.first(std::min<size_t>(1, values.size()));
  for (uint64_t value : values) put_varint(out, value);
}

}  // namespace nightlight::gorilla
