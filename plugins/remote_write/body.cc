#include "remote_write/body.h"

#include <snappy.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace nightlight::remote_write {
namespace {

constexpr size_t kKeepBytes = 4u << 20;
constexpr int kZstdMaxWindowLog = 25;  // 32 MiB: no frame may make the decoder hold more.

Error too_large(size_t max_size) {
  return Error{Code::kInvalidArgument, "decoded size exceeds the " + std::to_string(max_size) + " bytes limit"};
}

struct ZstdRelease {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A frame that does not declare its size: decoded piece by piece into a buffer that doubles up to the limit.
Result<std::string_view> decode_zstd_stream(std::string_view body, size_t max_size, Buffer& buffer) {
  std::unique_ptr<ZSTD_DCtx, ZstdRelease> context(ZSTD_createDCtx());
  if (context == nullptr) return Error{Code::kResourceExhausted, "out of memory"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdMaxWindowLog);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  size_t capacity = std::min(max_size, std::max(buffer.capacity(), body.size() * 4));
  ZSTD_outBuffer out{buffer.prepare(capacity), capacity, 0};
  while (true) {
    size_t left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return Error{Code::kInvalidArgument, std::string("zstd: ") + ZSTD_getErrorName(left)};
    if (left == 0 && in.pos == in.size) return std::string_view(static_cast<char*>(out.dst), out.pos);
    if (out.pos < out.size) {
      if (in.pos == in.size) return Error{Code::kInvalidArgument, "zstd: the body is cut off"};
      continue;
    }
    if (capacity == max_size) return too_large(max_size);
    size_t larger = std::min(max_size, capacity * 2);
    std::string so_far(static_cast<char*>(out.dst), out.pos);
    out.dst = buffer.prepare(larger);
    std::memcpy(out.dst, so_far.data(), so_far.size());
    out.size = capacity = larger;
  }
}

}  // namespace

char* Buffer::prepare(size_t size) {
  if (size > capacity_ || bytes_ == nullptr) {
    bytes_.reset();
    capacity_ = 0;
    bytes_.reset(new char[size]);  // make_unique would write zeros first.
    capacity_ = size;
  }
  return bytes_.get();
}

void Buffer::trim() {
  if (capacity_ <= kKeepBytes) return;
  bytes_.reset();
  capacity_ = 0;
}

Result<std::string_view> decode_snappy(std::string_view body, size_t max_size, Buffer& buffer) {
  size_t size;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return Error{Code::kInvalidArgument, "s2: corrupt input"};
  }
  if (size > max_size) return too_large(max_size);
  char* out = buffer.prepare(size);
  if (!snappy::RawUncompress(body.data(), body.size(), out)) return Error{Code::kInvalidArgument, "s2: corrupt input"};
  return std::string_view(out, size);
}

Result<std::string_view> decode_zstd(std::string_view body, size_t max_size, Buffer& buffer) {
  unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == ZSTD_CONTENTSIZE_ERROR) return Error{Code::kInvalidArgument, "zstd: corrupt input"};
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) return decode_zstd_stream(body, max_size, buffer);
  if (size > max_size) return too_large(max_size);
  char* out = buffer.prepare(static_cast<size_t>(size));
  size_t decoded = ZSTD_decompress(out, static_cast<size_t>(size), body.data(), body.size());
  if (ZSTD_isError(decoded)) return Error{Code::kInvalidArgument, std::string("zstd: ") + ZSTD_getErrorName(decoded)};
  return std::string_view(out, decoded);
}

}  // namespace nightlight::remote_write
