#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "generated.h"
#include "gorilla/chunk/bit_packing.h"
#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/integers.h"
#include "gorilla/chunk/values.h"
#include "gorilla/chunk/xor_codecs.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

namespace {

constexpr size_t kCounts[] = {1, 2, 3, 4, 5, 63, 64, 65, 66, 67, 120, 128, 130, 480, 1000, kMaxChunkSamples};

}  // namespace

TEST_CASE("every integer encoding gives back what it took, for every shape and length") {
  Random random(1);
  for (const IntegerCodec& codec : integer_codecs()) {
    CAPTURE(codec.name);
    for (int shape = 0; shape < kIntegerShapes; ++shape) {
      for (size_t count : kCounts) {
        CAPTURE(shape);
        CAPTURE(count);
        std::vector<int64_t> in = integers_of_shape(shape, count, random), out(count);
        Bytes bytes{0xaa};
        if (!codec.encode(in, bytes)) {
          CHECK(bytes.size() == 1);
          continue;
        }
        REQUIRE(decode_integers(codec.id, ByteView(bytes).subspan(1), count, out.data()));
        CHECK(in == out);
      }
    }
  }
}

TEST_CASE("the chosen integer encoding is the smallest of the quick ones") {
  Random random(2);
  for (int shape = 0; shape < kIntegerShapes; ++shape) {
    for (size_t count : kCounts) {
      std::vector<int64_t> in = integers_of_shape(shape, count, random), out(count);
      Bytes chosen;
      IntegerEncoding encoding = encode_integers(in, chosen);
      REQUIRE(decode_integers(encoding, chosen, count, out.data()));
      CHECK(in == out);
      for (const IntegerCodec& codec : integer_codecs()) {
        if (codec.id == IntegerEncoding::kSvbDelta || codec.id == IntegerEncoding::kSvbDelta2 ||
            codec.id == IntegerEncoding::kSmoothed)
          continue;
        Bytes other;
        if (encoding != IntegerEncoding::kLinear && codec.encode(in, other)) {
          CAPTURE(shape);
          CAPTURE(count);
          CAPTURE(codec.name);
          CHECK(chosen.size() <= other.size());
        }
      }
    }
  }
}

TEST_CASE("every column of doubles comes back bit by bit, whatever the choice") {
  Random random(3);
  for (ValueChoice choice : {ValueChoice::kSmallest, ValueChoice::kDense, ValueChoice::kGorillaOnly}) {
    for (int shape = 0; shape < kValueShapes; ++shape) {
      for (size_t count : kCounts) {
        CAPTURE(shape);
        CAPTURE(count);
        std::vector<double> in = values_of_shape(shape, count, random), out(count);
        Bytes bytes;
        uint8_t encoding = encode_values(in, choice, bytes);
        REQUIRE(decode_values(encoding, bytes, count, out.data()));
        CHECK(same_bits(in, out));
      }
    }
  }
}

TEST_CASE("both XOR codecs are as long as they said") {
  Random random(4);
  for (int shape = 0; shape < kValueShapes; ++shape) {
    std::vector<double> in = values_of_shape(shape, 333, random), out(333);
    Bytes bits, bytes;
    put_gorilla(in, bits);
    CHECK(bits.size() == gorilla_size(in));
    REQUIRE(read_gorilla(bits, in.size(), out.data()));
    CHECK(same_bits(in, out));
    put_byte_xor(in, bytes);
    CHECK(bytes.size() == byte_xor_size(in));
    REQUIRE(read_byte_xor(bytes, in.size(), out.data()));
    CHECK(same_bits(in, out));
  }
}

TEST_CASE("Gorilla's bits are those of the paper: 12 then 12 then 24") {
  // 12.0 = 0x4028..., 24.0 = 0x4038...: XOR 0x0010... has 11 leading zeros and one meaningful bit.
  Bytes bits;
  put_gorilla(std::vector<double>{12, 12, 24}, bits);
  // 64 bits of 12.0; '0'; '11', 01011 (11 leading), 000001 (1 bit), '1'.
  CHECK(bits == Bytes{0x40, 0x28, 0, 0, 0, 0, 0, 0, 0b01101011, 0b00000110});
}

TEST_CASE("decimal columns become integers, and staleness markers do not stand in the way") {
  Bytes bytes;
  std::vector<double> in{0.1, 0.25, 12345.678, 3};
  CHECK(encode_values(in, ValueChoice::kSmallest, bytes) >= static_cast<uint8_t>(ValueEncoding::kDecimal));
  std::vector<double> counter(100), out(100);
  for (size_t i = 0; i < 100; ++i) counter[i] = static_cast<double>(i * i);
  counter[99] = std::bit_cast<double>(kStaleNaNBits);
  bytes.clear();
  uint8_t encoding = encode_values(counter, ValueChoice::kSmallest, bytes);
  CHECK((encoding & kHasExceptions) != 0);
  CHECK(bytes.size() < 100);
  REQUIRE(decode_values(encoding, bytes, 100, out.data()));
  CHECK(same_bits(counter, out));
}

TEST_CASE("histograms of one layout come back whole") {
  Random random(5);
  for (uint64_t layout = 0; layout < 84; ++layout) {
    for (size_t count : {size_t{1}, size_t{2}, size_t{70}}) {
      CAPTURE(layout);
      std::vector<std::unique_ptr<OwnedHistogram>> owned;
      std::vector<const Histogram*> in, out;
      std::vector<int64_t> timestamps;
      for (size_t i = 0; i < count; ++i) {
        timestamps.push_back(static_cast<int64_t>(i) * 1000);
        owned.push_back(histogram_of(layout, timestamps.back(), random));
        in.push_back(&owned.back()->h);
        CHECK(valid_layout(*in.back()));
        CHECK(same_layout(*in[0], *in.back()));
      }
      Bytes bytes;
      encode_histograms(in, ValueChoice::kSmallest, bytes);
      SampleArena arena;
      REQUIRE(decode_histograms(bytes, timestamps, arena, out));
      REQUIRE(out.size() == count);
      for (size_t i = 0; i < count; ++i) CHECK(same_histogram(*in[i], *out[i]));
    }
  }
}

TEST_CASE("decoders take no byte more and no byte less than the encoding has") {
  Random random(6);
  for (int shape = 0; shape < kValueShapes; ++shape) {
    std::vector<double> in = values_of_shape(shape, 200, random), out(200);
    Bytes bytes;
    uint8_t encoding = encode_values(in, ValueChoice::kSmallest, bytes);
    for (size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(shape);
      CAPTURE(size);
      // A linear chunk without its step is a constant: only checksums can tell.
      bool decoded = decode_values(encoding, ByteView(bytes).first(size), 200, out.data());
      CHECK((!decoded || encoding == static_cast<uint8_t>(ValueEncoding::kDecimal)));
    }
    bytes.push_back(0x55);
    bool linear = encoding == static_cast<uint8_t>(ValueEncoding::kDecimal);
    CHECK((linear || !decode_values(encoding, bytes, 200, out.data())));
  }
}

TEST_CASE("packed integers of every width and number are read, and no byte behind those that are there") {
  Random random(17);
  for (unsigned width = 0; width <= 64; ++width) {
    for (size_t count = 1; count <= kPackedGroup; ++count) {
      std::vector<uint64_t> values(count);
      for (uint64_t& value : values) value = random() & mask_of(width);
      Bytes packed;
      put_packed(values.data(), count, width, packed);
      for (size_t behind = 0; behind <= 16; ++behind) {
        // Of its own size, for the sanitizer to see where it ends.
        std::vector<uint8_t> bytes(packed.begin(), packed.end());
        for (size_t i = 0; i < behind; ++i) bytes.push_back(static_cast<uint8_t>(random()));
        bytes.shrink_to_fit();
        BoundedReader in{ByteView(bytes)};
        std::array<uint64_t, kPackedGroup> read;
        REQUIRE(read_packed(in, count, width, read.data()));
        REQUIRE(std::equal(values.begin(), values.end(), read.begin()));
        REQUIRE(in.remaining() == behind);
      }
      if (packed.empty()) continue;
      packed.pop_back();
      BoundedReader in{ByteView(packed)};
      std::array<uint64_t, kPackedGroup> read;
      REQUIRE(!read_packed(in, count, width, read.data()));
    }
  }
}

TEST_CASE("decoders survive bytes that mean nothing") {
  Random random(7);
  std::vector<double> values(kMaxChunkSamples);
  std::vector<int64_t> timestamps(100);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 64);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random() % 4 == 0 ? random() : random() % 4);
    size_t count = 1 + random() % (round % 10 == 0 ? kMaxChunkSamples : 100);
    decode_values(static_cast<uint8_t>(random()), bytes, count, values.data());
    SampleArena arena;
    std::vector<const Histogram*> out;
    decode_histograms(bytes, std::span(timestamps).first(1 + random() % 100), arena, out);
  }
}
