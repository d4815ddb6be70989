#include "net/compressor.h"

#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>

namespace nightlight::net {
namespace {

std::string inflated(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 32) == Z_OK);  // gzip or zlib
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int code = Z_OK;
  while (code == Z_OK) {
    char piece[65536];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  }
  CHECK(code == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return out;
}

std::string unpacked(std::string_view bytes) {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string out;
  for (size_t left = 1; left != 0;) {
    char piece[65536];
    ZSTD_outBuffer to{piece, sizeof piece, 0};
    left = ZSTD_decompressStream(context.get(), &to, &in);
    REQUIRE(!ZSTD_isError(left));
    REQUIRE((left == 0 || in.pos < in.size || to.pos > 0));
    out.append(piece, to.pos);
  }
  CHECK(in.pos == in.size);
  return out;
}

// Like an answer: much that repeats, some that does not.
std::string body_of(size_t size, std::mt19937& random) {
  std::string out;
  while (out.size() < size) out += "[1700000000,\"" + std::to_string(random()) + "\"],";
  out.resize(size);
  return out;
}

TEST_CASE("what is compressed in pieces of any size unfolds to the same bytes") {
  std::mt19937 random(1);
  for (Encoding encoding : {Encoding::kGzip, Encoding::kDeflate, Encoding::kZstd}) {
    for (size_t size : {0u, 1u, 100u, 65'536u, 1'000'003u}) {
      for (size_t piece : {1u, 1000u, 65'536u, 2'000'000u}) {
        if (size / piece > 100'000) continue;
        CAPTURE(name_of(encoding));
        CAPTURE(size);
        CAPTURE(piece);
        const std::string body = body_of(size, random);
        std::string packed;
        size_t most = 0;
        auto put = [&](std::string_view bytes) {
          packed += bytes;
          most = std::max(most, bytes.size());
          return true;
        };
        auto compressor = make_compressor(encoding);
        REQUIRE(compressor != nullptr);
        for (size_t at = 0; at < size; at += piece)
          REQUIRE(compressor->add(std::string_view(body).substr(at, piece), false, put));
        REQUIRE(compressor->add({}, true, put));
        CHECK((encoding == Encoding::kZstd ? unpacked(packed) : inflated(packed)) == body);
        CHECK(most <= Compressor::kMostAtOnce);
        if (size > 1000) CHECK(packed.size() < size / 2);
      }
    }
  }
}

TEST_CASE("compressed bytes leave while the body is made, and no longer than they are wanted") {
  std::mt19937 random(2);
  for (Encoding encoding : {Encoding::kGzip, Encoding::kDeflate, Encoding::kZstd}) {
    CAPTURE(name_of(encoding));
    auto compressor = make_compressor(encoding);
    size_t came = 0;
    REQUIRE(compressor->add(body_of(1'000'000, random), false, [&](std::string_view bytes) {
      came += bytes.size();
      return true;
    }));
    CHECK(came > 100'000);
    int calls = 0;
    CHECK(!compressor->add(body_of(1'000'000, random), false, [&](std::string_view) { return ++calls < 3; }));
    CHECK(calls == 3);
  }
}

}  // namespace
}  // namespace nightlight::net
