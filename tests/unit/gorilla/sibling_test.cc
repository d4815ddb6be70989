// Chunks that are told from a sibling: what they take, and what a page that lies can do.
#include <doctest/doctest.h>

#include <cmath>

#include "gorilla/block/chunk_values.h"
#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/sibling.h"
#include "gorilla/chunk/values.h"
#include "gorilla/offline/block_parts.h"
#include "test_block.h"

using namespace nightlight;
using namespace nightlight::gorilla;
using namespace nightlight::gorilla::testing;

namespace {

constexpr int64_t kStart = 1'700'000'000'000;

// Two buckets of one histogram: every event, and two of three.
struct Buckets {
  std::vector<double> all, some;
};
Buckets buckets_of(size_t count, Random& random) {
  Buckets out;
  double all = 0, some = 0;
  for (size_t i = 0; i < count; ++i) {
    for (uint64_t events = random() % 100; events > 0; --events) {
      all += 1;
      some += random() % 3 != 0 ? 1 : 0;
    }
    out.all.push_back(all);
    out.some.push_back(some);
  }
  return out;
}

struct TestChunk {
  uint8_t kind = 0;
  Bytes bytes;
  uint32_t column = 0;
};

std::shared_ptr<const DataPageView> page_of(const std::vector<TestChunk>& chunks) {
  std::vector<uint64_t> ordinals, kinds, columns, sizes;
  int64_t before = 0;
  for (const TestChunk& chunk : chunks) {
    ordinals.push_back(ordinals.empty() ? 0 : 1);
    kinds.push_back(chunk.kind);
    columns.push_back(zigzag(int64_t{chunk.column} - before));
    before = chunk.column;
    sizes.push_back(chunk.bytes.size());
  }
  Bytes raw;
  put_varint(raw, chunks.size());
  for (const auto* column : {&ordinals, &kinds, &columns, &sizes}) put_column(*column, raw);
  for (const TestChunk& chunk : chunks) put_bytes(raw, chunk.bytes);
  return DataPageView::parse(std::move(raw), 0, static_cast<uint32_t>(chunks.size() - 1));
}

bool decode(const DataPageView& page, size_t i, std::vector<double>& out, ChunkValues& values) {
  FloatChunk chunk;
  return split_float_chunk(page.kind(i), page.chunk(i), &chunk) &&
         values.decode(page, i, chunk, out.size(), out.data());
}

}  // namespace

TEST_CASE("buckets of one histogram take less beside each other") {
  Random random(1);
  const Buckets buckets = buckets_of(960, random);
  Bytes alone, told;
  encode_values(buckets.some, ValueChoice::kDense, alone);
  const Sibling sibling{3, buckets.all};
  const uint8_t encoding = encode_values(buckets.some, ValueChoice::kDense, told, {&sibling, 1});
  CHECK(has_sibling(encoding));
  CHECK(value_encoding_name(encoding) == std::string("sibling"));
  CHECK(sibling_back(told) == 3);
  CHECK(static_cast<double>(told.size()) < 0.8 * static_cast<double>(alone.size()));
  std::vector<double> out(960);
  REQUIRE(decode_values(encoding, told, out.size(), out.data(), buckets.all));
  CHECK(same_bits(buckets.some, out));
  // Without its sibling, or with half of it, it is nothing.
  CHECK_FALSE(decode_values(encoding, told, out.size(), out.data()));
  CHECK_FALSE(decode_values(encoding, told, out.size(), out.data(), std::span(buckets.all).first(480)));
  // One that counts the same takes next to nothing.
  told.clear();
  CHECK(has_sibling(encode_values(buckets.all, ValueChoice::kDense, told, {&sibling, 1})));
  CHECK(told.size() < 16);
  // Only blocks that stay are written so.
  told.clear();
  CHECK_FALSE(has_sibling(encode_values(buckets.some, ValueChoice::kSmallest, told, {&sibling, 1})));
}

TEST_CASE("of several siblings the one that leaves the least is taken") {
  Random random(5);
  const Buckets buckets = buckets_of(960, random), others = buckets_of(960, random);
  // Nearly the same events as `some`: one of a thousand is missing.
  std::vector<double> near(960);
  double missing = 0;
  for (size_t i = 0; i < near.size(); ++i) near[i] = buckets.some[i] - (missing += random() % 16 == 0 ? 1 : 0);
  const std::vector<double> shorter(buckets.some.begin(), buckets.some.end() - 1);
  std::vector<Sibling> siblings{{1, others.all}, {2, buckets.all}, {3, near}, {4, shorter}};
  std::sort(siblings.begin(), siblings.end(), [](const Sibling& a, const Sibling& b) { return a.back < b.back; });
  do {
    Bytes told;
    const uint8_t encoding = encode_values(buckets.some, ValueChoice::kDense, told, siblings);
    REQUIRE(has_sibling(encoding));
    REQUIRE(sibling_back(told) == 3);
    std::vector<double> out(960);
    REQUIRE(decode_values(encoding, told, out.size(), out.data(), near));
    REQUIRE(same_bits(buckets.some, out));
  } while (std::next_permutation(siblings.begin(), siblings.end(),
                                 [](const Sibling& a, const Sibling& b) { return a.back < b.back; }));
}

TEST_CASE("every column comes back, whatever its sibling is") {
  Random random(2);
  for (int shape = 0; shape < kValueShapes; ++shape) {
    for (int sibling_shape = 0; sibling_shape < kValueShapes; ++sibling_shape) {
      for (size_t count : {1, 2, 33, 480}) {
        CAPTURE(shape);
        CAPTURE(sibling_shape);
        CAPTURE(count);
        const std::vector<double> in = values_of_shape(shape, count, random);
        const std::vector<double> other = values_of_shape(sibling_shape, count, random);
        std::vector<double> out(count);
        Bytes bytes{0xaa};
        const Sibling sibling{1, other};
        const uint8_t encoding = encode_values(in, ValueChoice::kDense, bytes, {&sibling, 1});
        REQUIRE(decode_values(encoding, ByteView(bytes).subspan(1), count, out.data(), other));
        REQUIRE(same_bits(in, out));
      }
    }
  }
  // Integers, but not the sibling's.
  for (double far : {-1e16, -9e15, -0x1.8p52, -0x1p51, 0x1p51, 1e16}) {
    const std::vector<double> other{far, 3, -far, far};
    std::vector<int64_t> values{1, 2, 3, 4};
    add_sibling(values, other, int64_t{2} << kMultiplierFraction);
    CHECK(values == std::vector<int64_t>{1, 8, 9, 10});
  }
  // Any multiplier of anything is taken away and given back.
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> in = integers_of_shape(round % kIntegerShapes, 100, random), values = in;
    const std::vector<double> other = values_of_shape(round % kValueShapes, 100, random);
    const auto multiplier = static_cast<int64_t>(random() >> random() % 64);
    subtract_sibling(values, other, multiplier);
    add_sibling(values, other, multiplier);
    REQUIRE(in == values);
  }
}

TEST_CASE("a day's block has its histograms' buckets beside each other, and reads them in any order") {
  // Many families to a page, or several pages to a few.
  size_t methods = 12;
  BlockOptions options = block_options_of_level(2);
  SUBCASE("large pages") { options.page_bytes = 6000; }
  SUBCASE("small pages") {
    methods = 3;
    options.page_bytes = 1500;
  }
  const TestData data = generate_buckets(3, methods, 1000, kStart, 15'000);
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1, 2), options, data);
  REQUIRE(meta.ok());
  auto block = store.open(*meta);
  REQUIRE(block.ok());
  auto different = difference(**block, data);
  REQUIRE(different.ok());
  CHECK(*different == "");
  CHECK((*block)->verify().ok());
  // Backwards, and in a part of the time.
  for (auto [start, end] :
       {std::pair<int64_t, int64_t>{INT64_MIN, INT64_MAX}, {kStart + 100'000, kStart + 9'000'000}}) {
    std::unique_ptr<BlockCursor> cursor = (*block)->cursor(start, end);
    auto ordinal = static_cast<uint32_t>(data.size());
    for (auto at = data.rbegin(); at != data.rend(); ++at) {
      SampleColumns samples;
      REQUIRE(cursor->read(--ordinal, &samples).ok());
      CHECK(same_samples(at->second, samples, start, end));
    }
  }
  // Every chunk by itself, as the check of a damaged block reads it; some have a sibling.
  PageCache cache(1 << 20);
  auto parts = open_block_parts(store.bucket->open(block_key(meta->id)).value(), cache);
  REQUIRE(parts.ok());
  size_t siblings = 0, chunks = 0, pages = 0;
  for (const DataReader::Slice& slice : (*parts)->data->slices()) {
    for (const DataReader::Page& page : slice.pages) {
      pages += 1;
      auto view = (*parts)->data->load(page);
      REQUIRE(view.ok());
      for (size_t i = 0; i < (*view)->size(); ++i) {
        CHECK(decode_chunk(*(*parts)->data, **view, i).ok());
        siblings += has_sibling((*view)->kind(i)) ? 1 : 0;
        ++chunks;
      }
    }
  }
  CHECK(siblings * 4 >= chunks);
  CHECK(pages > 2 * (*parts)->data->slices().size());
}

TEST_CASE("pages end between histograms, unless one is too large") {
  constexpr size_t kBounds = 8, kSamples = 960;  // Of 4 hours.
  BlockOptions options = block_options_of_level(2);
  bool whole = true;
  SUBCASE("whole") { options.page_bytes = 4000; }
  SUBCASE("too large") {
    options.page_bytes = 800;
    whole = false;
  }
  TestData data;
  for (uint64_t handler = 0; handler < 12; ++handler) {
    for (auto& [labels, series] : generate_buckets(6 + handler, 3, kSamples, 1'700'006'400'000, 15'000)) {
      if (labels.at("method") != "2") continue;  // The others have gaps.
      data[{{"__name__", labels.at("__name__")}, {"handler", std::to_string(handler)}, {"le", labels.at("le")}}] =
          series;
    }
  }
  TestStore store;
  auto meta = write_block(*store.bucket, meta_of(1, 2), options, data);
  REQUIRE(meta.ok());
  PageCache cache(1 << 20);
  auto parts = open_block_parts(store.bucket->open(block_key(meta->id)).value(), cache);
  REQUIRE(parts.ok());
  REQUIRE((*parts)->data->slices().size() == 1);
  const std::vector<DataReader::Page>& pages = (*parts)->data->slices()[0].pages;
  CHECK(pages.size() >= 4);
  size_t torn = 0, of_all = 0, of_near = 0;
  for (const DataReader::Page& page : pages) {
    // Its first series is that of the bucket +Inf.
    torn += page.first_ordinal % kBounds != 0 ? 1 : 0;
    auto view = (*parts)->data->load(page);
    REQUIRE(view.ok());
    size_t bytes = 0;
    for (size_t i = 0; i < (*view)->size(); ++i) {
      bytes += (*view)->chunk(i).size();
      if (!has_sibling((*view)->kind(i))) continue;
      const size_t sibling = i - sibling_back((*view)->chunk(i));
      ++((*view)->ordinal(sibling) % kBounds == 0 ? of_all : of_near);
    }
    CHECK(bytes < 2 * options.page_bytes + kSamples);
    if (&page != &pages.back()) CHECK(bytes + 4 * (*view)->size() >= options.page_bytes);
  }
  CHECK((torn == 0) == whole);
  // The second bucket has too few events to be told from the first; the third has nearly those of the second.
  if (whole) {
    CHECK(of_all >= data.size() * 5 / kBounds);
    CHECK(of_near > 0);
  }
}

TEST_CASE("a sibling that is not there, has one itself or has other timestamps is refused") {
  Random random(4);
  const Buckets buckets = buckets_of(200, random);
  TestChunk all, some, third;
  all.kind = encode_values(buckets.all, ValueChoice::kDense, all.bytes);
  const Sibling one_before{1, buckets.all}, two_before{2, buckets.all};
  some.kind = encode_values(buckets.some, ValueChoice::kDense, some.bytes, {&one_before, 1});
  third.kind = encode_values(buckets.some, ValueChoice::kDense, third.bytes, {&two_before, 1});
  REQUIRE(has_sibling(some.kind));
  std::vector<double> out(200);
  ChunkValues values;
  const auto sound = page_of({all, some, third});
  for (size_t i : {2, 1, 0, 2, 1}) {
    REQUIRE(decode(*sound, i, out, values));
    CHECK(same_bits(i == 0 ? buckets.all : buckets.some, out));
  }
  auto refused = [&](const std::vector<TestChunk>& chunks, size_t i) {
    const auto page = page_of(chunks);
    REQUIRE(page != nullptr);
    values.clear();
    return !decode(*page, i, out, values);
  };
  CHECK(refused({some, all}, 0));        // Before the page.
  CHECK(refused({all, some, some}, 2));  // The one before has a sibling itself.
  TestChunk itself = some;
  itself.bytes[0] = 0;
  CHECK(refused({all, itself}, 1));
  TestChunk endless = some;
  endless.bytes.assign(3, 0xff);
  CHECK(refused({all, endless}, 1));
  TestChunk elsewhere = all;
  elsewhere.column = 1;
  CHECK(refused({elsewhere, some}, 1));
  TestChunk histogram = all;
  histogram.kind = kHistogramEncoding;
  CHECK(refused({histogram, some}, 1));
  TestChunk damaged = all;
  damaged.bytes.pop_back();
  CHECK(refused({damaged, some}, 1));
  TestChunk excepted = some;
  excepted.kind |= kHasExceptions;
  CHECK(refused({all, excepted}, 1));
}
