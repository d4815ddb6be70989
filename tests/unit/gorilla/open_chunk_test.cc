#include "gorilla/head/open_chunk.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace nightlight::gorilla;

namespace {

// Appends all values and decodes them again, cutting where the chunk is full.
std::vector<uint64_t> round_trip(const std::vector<uint64_t>& values, bool xor_only = false, size_t* modes = nullptr) {
  ChunkArena arena;
  HotSeries series;
  std::vector<uint64_t> out;
  auto flush = [&]() {
    std::vector<uint8_t> copy(buffer_bytes(series.chunk) + 16, 0xee);
    if (buffer_bytes(series.chunk) > 0) std::memcpy(copy.data(), arena.at(series.chunk.buffer), copy.size() - 16);
    std::vector<double> decoded(series.chunk.count);
    decode_values(series.chunk, copy.data(), decoded.data());
    for (double v : decoded) out.push_back(std::bit_cast<uint64_t>(v));
    if (modes != nullptr) *modes |= size_t{1} << static_cast<int>(series.chunk.mode);
  };
  for (uint64_t bits : values) {
    if (append_value(series, arena, bits, xor_only)) continue;
    flush();
    start_chunk(series);
    REQUIRE(append_value(series, arena, bits, xor_only));
  }
  flush();
  return out;
}

std::vector<uint64_t> bits_of(const std::vector<double>& values) {
  std::vector<uint64_t> out;
  for (double v : values) out.push_back(std::bit_cast<uint64_t>(v));
  return out;
}

}  // namespace

TEST_CASE("open chunks give back every bit of the values that they were given") {
  const double kSpecial[] = {
      0.0, -0.0, 1, -1, 0.1, 1e300, 5e-324, std::nan(""), INFINITY, -INFINITY, 9007199254740993.0};
  std::mt19937_64 random(7);
  for (int run = 0; run < 400; ++run) {
    std::vector<uint64_t> values;
    size_t n = 1 + random() % 300;
    int kind = run % 8;
    double level = static_cast<double>(random() % 100000);
    for (size_t i = 0; i < n; ++i) {
      switch (kind) {
        case 0:
          values.push_back(random());
          break;
        case 1:
          values.push_back(std::bit_cast<uint64_t>(level));
          break;
        case 2:
          values.push_back(std::bit_cast<uint64_t>(level += static_cast<double>(random() % 100)));
          break;
        case 3:
          values.push_back(std::bit_cast<uint64_t>(static_cast<double>(random() % 100000) / 1000));
          break;
        case 4:
          values.push_back(std::bit_cast<uint64_t>(kSpecial[random() % std::size(kSpecial)]));
          break;
        case 5:
          values.push_back(std::bit_cast<uint64_t>(std::sin(static_cast<double>(i))));
          break;
        case 6:
          values.push_back(std::bit_cast<uint64_t>(i + 5 > n ? 0.5 : static_cast<double>(i * 1000000000000)));
          break;
        default:
          values.push_back(std::bit_cast<uint64_t>(std::bit_cast<double>(0x7ff0000000000002ull)));
          break;
      }
    }
    if (kind == 7) values[0] = std::bit_cast<uint64_t>(3.0);
    CHECK(round_trip(values) == values);
    CHECK(round_trip(values, true) == values);
  }
}

TEST_CASE("a chunk is longer than one buffer's class and than the most samples of a chunk") {
  std::mt19937_64 random(1);
  std::vector<uint64_t> values;
  for (int i = 0; i < 7000; ++i) values.push_back(random());
  CHECK(round_trip(values) == values);
}

TEST_CASE("counters and decimals stay integers, anything else is XOR") {
  size_t modes = 0;
  std::vector<double> counter;
  for (int i = 0; i < 100; ++i) counter.push_back(i * 10.0 + i % 3);
  round_trip(bits_of(counter), false, &modes);
  CHECK(modes == size_t{1} << static_cast<int>(ChunkMode::kDelta));
  modes = 0;
  round_trip(bits_of({0.25, 0.5, 12.75}), false, &modes);
  CHECK(modes == size_t{1} << static_cast<int>(ChunkMode::kDelta));
  modes = 0;
  round_trip(bits_of({M_PI, M_E}), false, &modes);
  CHECK(modes == size_t{1} << static_cast<int>(ChunkMode::kXor));
}

TEST_CASE("what a reader noted of a chunk stays as it was while the chunk grows") {
  ChunkArena arena;
  arena.acquire_reader();
  HotSeries series;
  std::vector<double> given;
  std::vector<ChunkState> noted;
  for (int i = 0; i < 500; ++i) {
    given.push_back(i < 200 ? i * 7.0 : std::sqrt(i));  // Turns from integers to XOR on the way.
    REQUIRE(append_value(series, arena, std::bit_cast<uint64_t>(given.back()), false));
    noted.push_back(series.chunk);
  }
  for (const ChunkState& chunk : noted) {
    std::vector<uint8_t> copy(buffer_bytes(chunk) + 16);
    if (copy.size() > 16) std::memcpy(copy.data(), arena.at(chunk.buffer), copy.size() - 16);
    std::vector<double> decoded(chunk.count);
    decode_values(chunk, copy.data(), decoded.data());
    CHECK(std::memcmp(decoded.data(), given.data(), decoded.size() * 8) == 0);
  }
  arena.release_reader();
}
