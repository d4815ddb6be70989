// What the store reads from its files, behind the checksums: a decoder is given any bytes and must refuse them or read
// something that can be written and read again; and any numbers must come back bit for bit. The first byte chooses.
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "gorilla/block/tombstones.h"
#include "gorilla/catalog/catalog.h"
#include "gorilla/chunk/histograms.h"
#include "gorilla/chunk/integers.h"
#include "gorilla/chunk/values.h"
#include "gorilla/log/log_batch.h"
#include "gorilla/log/record.h"

namespace {

using namespace nightlight;
using namespace nightlight::gorilla;

void require(bool condition) {
  if (!condition) std::abort();
}

// Takes numbers from the front of the input; zeros when it is used up.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  template <class T>
  T take() {
    T out{};
    size_t size = std::min(sizeof out, left());
    if (size > 0) std::memcpy(&out, at_, size);
    at_ += size;
    return out;
  }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  ByteView rest() const { return {at_, left()}; }
  std::string text() const { return {reinterpret_cast<const char*>(at_), left()}; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

// As the writers seal what they write.
std::string with_checksum(std::string body) {
  uint32_t crc = crc32c(body);
  body.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  return body;
}

void decode_values_of(Input in) {
  auto encoding = in.take<uint8_t>();
  size_t count = 1 + in.take<uint16_t>() % kMaxChunkSamples;
  std::vector<double> out(count), sibling(count);
  for (size_t i = 0; i < count; ++i) sibling[i] = static_cast<double>(i * i);
  static_cast<void>(decode_values(encoding, in.rest(), count, out.data(), sibling));
}

void decode_integers_of(Input in) {
  auto encoding = static_cast<IntegerEncoding>(in.take<uint8_t>() % kIntegerEncodings);
  size_t count = 1 + in.take<uint16_t>() % kMaxChunkSamples;
  std::vector<int64_t> out(count);
  static_cast<void>(decode_integers(encoding, in.rest(), count, out.data()));
}

void decode_histograms_of(Input in) {
  std::vector<int64_t> times(1 + in.take<uint8_t>());
  for (size_t i = 0; i < times.size(); ++i) times[i] = static_cast<int64_t>(i) * 15'000;
  SampleArena arena;
  std::vector<const Histogram*> read;
  if (!decode_histograms(in.rest(), times, arena, read)) return;
  require(read.size() == times.size());
  for (const Histogram* histogram : read) require(valid_layout(*histogram) && same_layout(*histogram, *read[0]));
  Bytes again;
  encode_histograms(read, ValueChoice::kSmallest, again);
  std::vector<const Histogram*> second;
  require(decode_histograms(again, times, arena, second));
  require(second.size() == read.size());
}

void decode_log_of(Input in) {
  std::string bytes = in.text();
  DecodedBatch batch;
  if (batch.decode(bytes).ok()) {
    std::string again;
    encode_batch(batch.batch(), again);
    DecodedBatch second;
    require(second.decode(again).ok());
    require(second.batch().value_bits == batch.batch().value_bits);
    require(second.batch().timestamps_ms == batch.batch().timestamps_ms);
    require(second.batch().new_series == batch.batch().new_series);
  }
  if (auto record = read_record(bytes, 7)) require(record->size <= bytes.size());
}

void decode_objects_of(Input in) {
  std::string bytes = with_checksum(in.text());
  if (auto catalog = decode_catalog(bytes); catalog.ok()) require(decode_catalog(encode_catalog(*catalog)).ok());
  if (auto tombstones = Tombstones::decode(bytes); tombstones.ok()) {
    auto again = Tombstones::decode(tombstones->encode());
    require(again.ok() && again->series() == tombstones->series());
  }
}

// What a writer wrote, with bytes changed as the input says: deeper in the decoders than any bytes get.
void damaged_numbers_are_survived(Input in) {
  std::vector<double> values(64 + in.take<uint16_t>() % 1024);
  auto rate = static_cast<double>(in.take<uint32_t>());
  auto noise = in.take<uint64_t>();
  const double unit = (noise & 1) != 0 ? 1.0 / 3 : 1;
  for (size_t i = 0; i < values.size(); ++i) {
    noise = noise * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    values[i] = std::floor(rate * (static_cast<double>(i) + static_cast<double>(noise >> 40) * 0x1p-24)) * unit;
  }
  // Some are told from a sibling of about a third of it.
  std::vector<double> other(values.size());
  for (size_t i = 0; i < values.size(); ++i) other[i] = std::floor(values[i] / 3);
  const Sibling sibling{1, other};
  Bytes bytes;
  uint8_t encoding = encode_values(values, ValueChoice::kDense, bytes, {&sibling, (noise & 2) != 0 ? 1u : 0u});
  while (in.left() > 2) {
    auto at = in.take<uint16_t>() % bytes.size();
    bytes[at] ^= in.take<uint8_t>();
  }
  std::vector<double> back(values.size());
  static_cast<void>(decode_values(encoding, bytes, back.size(), back.data(), other));
}

void numbers_come_back(Input in) {
  auto kind = in.take<uint8_t>();
  std::vector<int64_t> integers;
  std::vector<double> values;
  while (in.left() > 0 && values.size() < kMaxChunkSamples) {
    // Small differences, decimals and any bits, as the input has it.
    auto bits = (kind & 4) != 0 ? static_cast<uint64_t>(in.take<int8_t>()) : in.take<uint64_t>();
    integers.push_back(static_cast<int64_t>(bits));
    values.push_back((kind & 8) != 0 ? static_cast<double>(static_cast<int64_t>(bits)) / 100
                                     : std::bit_cast<double>(bits));
  }
  if (values.empty()) return;
  Bytes bytes;
  uint8_t encoding = encode_values(values, static_cast<ValueChoice>(kind % 3), bytes);
  std::vector<double> back(values.size());
  require(decode_values(encoding, bytes, back.size(), back.data()));
  require(std::memcmp(back.data(), values.data(), back.size() * sizeof(double)) == 0);
  for (uint8_t id = 0; id < kIntegerEncodings; ++id) {
    Bytes packed;
    if (!encode_integers_as(static_cast<IntegerEncoding>(id), integers, packed)) continue;
    std::vector<int64_t> unpacked(integers.size());
    require(decode_integers(static_cast<IntegerEncoding>(id), packed, unpacked.size(), unpacked.data()));
    require(unpacked == integers);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr void (*kTargets[])(Input) = {
      decode_values_of,  decode_integers_of, decode_histograms_of,        decode_log_of,
      decode_objects_of, numbers_come_back,  damaged_numbers_are_survived};
  kTargets[data[0] % std::size(kTargets)](Input(data + 1, size - 1));
  return 0;
}
