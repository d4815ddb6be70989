#include "net/compressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"

namespace nightlight::net {
namespace {

// Level 1 keeps the server's share of a query small; JSON shrinks tenfold with it already.
constexpr int kLevel = 1;
constexpr int kWindowBits = 15, kGzipWrapper = 16, kMemoryLevel = 8;
// What repeats in an answer repeats within a few series. The level's own window is four times as large, and so is what
// each answer on its way would hold.
constexpr int kZstdWindowBits = 17;

class ZlibCompressor final : public Compressor {
 public:
  ~ZlibCompressor() override {
    if (begun_) deflateEnd(&stream_);
  }

  bool begin(int window_bits) {
    begun_ = deflateInit2(&stream_, kLevel, Z_DEFLATED, window_bits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
    return begun_;
  }

  bool add(std::string_view bytes, bool last, const Put& put) override {
    char out[kMostAtOnce];
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    for (size_t left = bytes.size();;) {
      auto n = static_cast<uInt>(std::min<size_t>(left, 1 << 30));
      stream_.avail_in = n;
      left -= n;
      int code = Z_OK;
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = sizeof out;
        code = ::deflate(&stream_, last && left == 0 ? Z_FINISH : Z_NO_FLUSH);
        if (!put(std::string_view(out, sizeof out - stream_.avail_out))) return false;
      } while (stream_.avail_out == 0 && code != Z_STREAM_END);
      if (left == 0) return true;
    }
  }

 private:
  z_stream stream_{};
  bool begun_ = false;
};

class ZstdCompressor final : public Compressor {
 public:
  bool begin() {
    return context_ != nullptr &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kZstdWindowBits));
  }

  bool add(std::string_view bytes, bool last, const Put& put) override {
    char out[kMostAtOnce];
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool done = false; !done;) {
      ZSTD_outBuffer to{out, sizeof out, 0};
      size_t left = ZSTD_compressStream2(context_.get(), &to, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) || !put(std::string_view(out, to.pos))) return false;
      done = last ? left == 0 : in.pos == in.size;
    }
    return true;
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context_{ZSTD_createCCtx()};
};

template <class T, class... Args>
std::unique_ptr<Compressor> begun(Args... args) {
  auto out = std::make_unique<T>();
  if (!out->begin(args...)) return nullptr;
  return out;
}

}  // namespace

std::unique_ptr<Compressor> make_compressor(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return begun<ZlibCompressor>(kWindowBits + kGzipWrapper);
    case Encoding::kDeflate:
      return begun<ZlibCompressor>(kWindowBits);
    case Encoding::kZstd:
      return begun<ZstdCompressor>();
    case Encoding::kIdentity:
      break;
  }
  NIGHTLIGHT_CHECK(false, "an answer without a coding needs no compressor");
  return nullptr;
}

}  // namespace nightlight::net
