// The encodings of blocks that stay: predictions, buckets in Huffman codes, doubles by their bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "generated.h"
#include "gorilla/chunk/huffman.h"
#include "gorilla/chunk/prediction.h"
#include "gorilla/chunk/values.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

namespace {

constexpr int kDistributions = 9;

// Residuals as they come, and as nobody expects them; one in `outlier_every` has any bits.
std::vector<int64_t> residuals_of(int distribution, size_t count, unsigned width, size_t outlier_every,
                                  Random& random) {
  std::vector<int64_t> out(count);
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (int64_t& value : out) {
    const uint64_t bits = random();
    uint64_t drawn = bits & mask;
    if (distribution == 1) drawn = (drawn & (random() & mask)) + (random() & mask);
    if (distribution == 2) drawn >>= random() % (width + 1);
    if (distribution == 3) drawn = 0 - (drawn >> random() % (width + 1));
    if (distribution == 4) drawn = (bits >> 63) != 0 ? drawn / 16 : mask - drawn / 16;
    if (distribution == 5) drawn = drawn % 3;
    if (distribution == 6) drawn += uint64_t{INT64_MAX} - mask / 2;
    // Some are hardly beyond what is cut off, and within buckets that become wider.
    if (distribution == 8 && bits % 100 == 0) drawn = mask + mask / 2 + random() % (mask / 8 + 1);
    if (distribution == 7) drawn = bits % 100 < 97 ? 5 : drawn;
    value = static_cast<int64_t>(random() % outlier_every == 0 ? random() >> (random() % 64) : drawn);
  }
  return out;
}

// A counter of a steady rate that is read at uneven moments.
std::vector<double> jittered_counter(size_t count, double rate, Random& random) {
  std::vector<double> out(count);
  for (size_t i = 0; i < count; ++i)
    out[i] = std::floor(rate * (static_cast<double>(i) + static_cast<double>(random() % 1000) / 1000));
  return out;
}

size_t size_of(std::span<const double> values, ValueChoice choice) {
  Bytes bytes;
  encode_values(values, choice, bytes);
  return bytes.size();
}

}  // namespace

TEST_CASE("buckets give back every number, of every distribution, with outliers and without") {
  Random random(1);
  for (int distribution = 0; distribution < kDistributions; ++distribution) {
    for (size_t count : {2, 3, 12, 13, 63, 64, 65, 479, 960, 8192}) {
      for (unsigned width : {0u, 1u, 3u, 6u, 7u, 20u, 44u, 63u}) {
        for (size_t outlier_every : {2, 30, 100, 1 << 30}) {
          CAPTURE(distribution);
          CAPTURE(count);
          CAPTURE(width);
          CAPTURE(outlier_every);
          const std::vector<int64_t> in = residuals_of(distribution, count, width, outlier_every, random);
          std::vector<int64_t> out(count);
          Bytes bytes{0xaa};
          if (!put_buckets(in, SIZE_MAX, bytes)) {
            CHECK(bytes.size() == 1);
            continue;
          }
          BoundedReader reader(ByteView(bytes).subspan(1));
          REQUIRE(read_buckets(reader, count, out.data()));
          REQUIRE(in == out);
          const size_t size = bytes.size() - 1;
          bytes.resize(1);
          CHECK_FALSE(put_buckets(in, size, bytes));
          CHECK(bytes.size() == 1);
          CHECK(put_buckets(in, size + 1, bytes));
        }
      }
    }
  }
}

TEST_CASE("buckets come near to the entropy of what is in them") {
  Random random(2);
  // Equal numbers of 1,000 values: 9.97 bits each, where frames take 10 and a head.
  std::vector<int64_t> even(8000);
  for (int64_t& value : even) value = static_cast<int64_t>(random() % 1000);
  Bytes bytes;
  REQUIRE(put_buckets(even, SIZE_MAX, bytes));
  CHECK(bytes.size() * 8 < 8000 * 10.06);
  // The sum of two such: 10.69 bits, where frames take 11.
  for (int64_t& value : even) value = static_cast<int64_t>(random() % 1000 + random() % 1000);
  bytes.clear();
  REQUIRE(put_buckets(even, SIZE_MAX, bytes));
  CHECK(bytes.size() * 8 < 8000 * 10.8);
}

TEST_CASE("a steady counter takes the noise of one sample, not of two") {
  Random random(3);
  for (double rate : {40.0, 900.0, 3e7}) {
    CAPTURE(rate);
    const std::vector<double> counter = jittered_counter(960, rate, random);
    Bytes bytes;
    const uint8_t encoding = encode_values(counter, ValueChoice::kDense, bytes);
    CHECK(value_encoding_name(encoding) == std::string("smoothed"));
    CHECK(static_cast<double>(bytes.size()) * 8 < 960 * (std::log2(rate) + 0.55));
    CHECK(static_cast<double>(bytes.size()) < 0.97 * static_cast<double>(size_of(counter, ValueChoice::kSmallest)));
  }
}

TEST_CASE("a trend begins where the values do, also when they fall") {
  std::vector<int64_t> falling(400);
  Random random(4);
  for (size_t i = 0; i < falling.size(); ++i)
    falling[i] = -static_cast<int64_t>(i) * 1000 + static_cast<int64_t>(random() % 64);
  const Predictor predictor = choose_predictor(falling);
  std::vector<int64_t> residuals(falling.size());
  predict(falling, predictor, residuals.data());
  for (int64_t residual : residuals) CHECK(std::abs(residual) < 128);
}

TEST_CASE("doubles that are close to each other take the bits in which they differ") {
  Random random(5);
  std::vector<double> in(960), out(960);
  for (double& value : in) value = 1000 + static_cast<double>(random() >> 11) * 0x1p-53;
  Bytes bytes;
  const uint8_t encoding = encode_values(in, ValueChoice::kDense, bytes);
  CHECK(value_encoding_name(encoding) == std::string("ordered"));
  // 53 bits of 1,000 leave 43 behind the point.
  CHECK(bytes.size() * 8 < 960 * 43.5);
  REQUIRE(decode_values(encoding, bytes, in.size(), out.data()));
  CHECK(same_bits(in, out));
  // On both sides of zero, and at the ends of what there is.
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = (i % 2 == 0 ? -1 : 1) *
            (i % 3 == 0 ? std::bit_cast<double>(random() % 1000) : 1e-310 / (1.0 + static_cast<double>(i)));
  bytes.clear();
  const uint8_t tiny = encode_values(in, ValueChoice::kDense, bytes);
  REQUIRE(decode_values(tiny, bytes, in.size(), out.data()));
  CHECK(same_bits(in, out));
}

TEST_CASE("the dense choice is never larger than the quick one") {
  Random random(6);
  for (int shape = 0; shape < kIntegerShapes; ++shape) {
    for (size_t count : {1, 2, 3, 31, 32, 33, 100, 960, 8192}) {
      CAPTURE(shape);
      CAPTURE(count);
      const std::vector<int64_t> in = integers_of_shape(shape, count, random);
      std::vector<int64_t> out(count);
      Bytes quick, dense;
      encode_integers(in, quick);
      const IntegerEncoding encoding = encode_integers(in, dense, IntegerChoice::kDense);
      CHECK(dense.size() <= quick.size());
      REQUIRE(decode_integers(encoding, dense, count, out.data()));
      CHECK(in == out);
    }
  }
}

TEST_CASE("a damaged dense chunk is refused or read as something else, and nothing worse") {
  Random random(7);
  const std::vector<double> counter = jittered_counter(500, 700, random);
  Bytes bytes;
  const uint8_t encoding = encode_values(counter, ValueChoice::kDense, bytes);
  REQUIRE(value_encoding_name(encoding) == std::string("smoothed"));
  std::vector<double> out(8192);
  size_t refused = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    if (!decode_values(encoding, damaged, 500, out.data())) ++refused;
  }
  CHECK(refused > 0);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_values(encoding, ByteView(bytes).first(size), 500, out.data()));
  CHECK_FALSE(decode_values(encoding, bytes, 499, out.data()));
  CHECK_FALSE(decode_values(encoding, bytes, 501, out.data()));
  CHECK_FALSE(decode_values(encoding, bytes, 8192, out.data()));
  bytes.push_back(0);
  CHECK_FALSE(decode_values(encoding, bytes, 500, out.data()));
}

TEST_CASE("a table of codes that is not complete is refused") {
  // Two values, buckets 0 and 1 of width 0, lengths 1 and 1: after the 5 that stands before them, 111 0001 and 0.
  auto buckets = [](uint8_t lengths, uint8_t codes) {
    return Bytes{0, 0, 1, 2, lengths, codes, static_cast<uint8_t>(0x80)};
  };
  int64_t out[2];
  // 1110001 0, then the first value's code 1; in the other stream the second one's.
  Bytes good = buckets(0b11100010, 0b10000000);
  BoundedReader sound{ByteView(good)};
  REQUIRE(read_buckets(sound, 2, out));
  CHECK(out[0] == 1);
  CHECK(out[1] == 1);
  // Lengths 1 and 2: 1110001 10.
  Bytes lacking = buckets(0b11100011, 0b01000000);
  BoundedReader incomplete{ByteView(lacking)};
  CHECK_FALSE(read_buckets(incomplete, 2, out));
  // Lengths 1 and 0: 1110001 110.
  Bytes lone = buckets(0b11100011, 0b10000000);
  BoundedReader single{ByteView(lone)};
  CHECK_FALSE(read_buckets(single, 2, out));
  // Padding that is not zero.
  Bytes padded = buckets(0b11100010, 0b10000001);
  BoundedReader dirty{ByteView(padded)};
  CHECK_FALSE(read_buckets(dirty, 2, out));
}
