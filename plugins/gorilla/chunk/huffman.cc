#include "gorilla/chunk/huffman.h"

#include <algorithm>
#include <array>

#include "gorilla/chunk/bit_packing.h"
#include "gorilla/chunk/bit_stream.h"
#include "gorilla/chunk/integers.h"

namespace nightlight::gorilla {
namespace {

// More buckets than 64 would say little more about a chunk's few hundred values than what their table costs.
constexpr size_t kMaxBuckets = 64;
constexpr unsigned kMaxCodeBits = 9;
constexpr uint8_t kHasOutliers = 0x80;
// The length of a code is told by what it is more or less than the one before; this stands before the first.
constexpr unsigned kFirstLength = 5;
// One of so many values may lie far from the rest without widening the buckets for all.
constexpr size_t kValuesPerOutlier = 64;
// What one takes, at a guess.
constexpr size_t kOutlierBits = 40;

using Symbols = std::array<uint8_t, kMaxChunkSamples>;
using Lengths = std::array<uint8_t, kMaxBuckets + 1>;
using Counts = std::array<uint32_t, kMaxBuckets + 1>;

// ---- writing

// Bucket i holds [(first + i) << width, (first + i + 1) << width). The count behind the last bucket is that of
// outliers.
struct Buckets {
  unsigned width = 0;
  int64_t first = 0;
  size_t number = 0;
  Counts counts{};

  uint64_t place(int64_t value) const {
    return (static_cast<uint64_t>(value) - (static_cast<uint64_t>(first) << width)) >> width;
  }
  bool has_outliers() const { return counts[number] > 0; }
  size_t symbols() const { return number + (has_outliers() ? 1 : 0); }
};

void count(std::span<const int64_t> values, Buckets& buckets) {
  for (int64_t value : values) ++buckets.counts[std::min<uint64_t>(buckets.place(value), buckets.number)];
}

// Narrow buckets that cover all values but outliers.
Buckets cover(std::span<const int64_t> values) {
  std::array<int64_t, kMaxChunkSamples> sorted;
  const auto begin = sorted.begin(), end = std::copy(values.begin(), values.end(), begin);
  const auto apart = static_cast<ptrdiff_t>(values.size() / kValuesPerOutlier);
  std::nth_element(begin, begin + apart, end);
  int64_t low = begin[apart];
  int64_t least = *std::min_element(begin, begin + apart + 1);
  const auto upper = end - 1 - apart;
  std::nth_element(begin + apart, upper, end);
  int64_t high = *upper;
  int64_t most = *std::max_element(upper, end);
  // Half the distance of the two on either side: what belongs to the same distribution is within.
  const uint64_t margin = (static_cast<uint64_t>(high) - static_cast<uint64_t>(low)) / 2 + 2;
  auto farther = [&](int64_t a, int64_t b) { return static_cast<uint64_t>(a) - static_cast<uint64_t>(b) > margin; };
  low = farther(low, least) ? static_cast<int64_t>(static_cast<uint64_t>(low) - margin) : least;
  high = farther(most, high) ? static_cast<int64_t>(static_cast<uint64_t>(high) + margin) : most;
  Buckets out;
  while (static_cast<uint64_t>(high >> out.width) - static_cast<uint64_t>(low >> out.width) >= kMaxBuckets) ++out.width;
  out.first = low >> out.width;
  out.number = static_cast<size_t>((high >> out.width) - out.first) + 1;
  count(values, out);
  return out;
}

// The same, twice as wide.
Buckets widened(const Buckets& narrow, std::span<const int64_t> values) {
  Buckets out;
  out.width = narrow.width + 1;
  out.first = narrow.first >> 1;
  const auto odd = static_cast<size_t>(narrow.first & 1);
  out.number = (narrow.number + odd - 1) / 2 + 1;
  if (narrow.has_outliers()) {
    // The outermost buckets may reach some of them.
    count(values, out);
  } else {
    for (size_t i = 0; i < narrow.number; ++i) out.counts[(i + odd) / 2] += narrow.counts[i];
  }
  return out;
}

// Lengths of a Huffman code of the counted symbols, none above kMaxCodeBits. At least two symbols have a count.
void choose_lengths(const Counts& counts, size_t symbols, Lengths& lengths) {
  struct Node {
    uint64_t count;
    uint8_t parent;
  };
  std::array<uint8_t, kMaxBuckets + 1> order;
  size_t leaves = 0;
  for (size_t i = 0; i < symbols; ++i)
    if (counts[i] > 0) order[leaves++] = static_cast<uint8_t>(i);
  std::sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(leaves),
            [&](uint8_t a, uint8_t b) { return counts[a] != counts[b] ? counts[a] < counts[b] : a < b; });
  lengths.fill(0);
  // Counts that are halved and rounded up become more equal, hence codes shorter, until none is too long.
  for (unsigned halved = 0;; ++halved) {
    std::array<Node, 2 * (kMaxBuckets + 1)> nodes;
    for (size_t i = 0; i < leaves; ++i) nodes[i].count = ((counts[order[i]] - 1) >> halved) + 1;
    // Both the leaves and the inner nodes, in the order of their making, ascend.
    size_t leaf = 0, inner = leaves;
    const size_t root = 2 * leaves - 2;
    for (size_t made = leaves; made <= root; ++made) {
      nodes[made].count = 0;
      for (int child = 0; child < 2; ++child) {
        const bool take_leaf = leaf < leaves && (inner == made || nodes[leaf].count <= nodes[inner].count);
        Node& node = nodes[take_leaf ? leaf++ : inner++];
        nodes[made].count += node.count;
        node.parent = static_cast<uint8_t>(made);
      }
    }
    std::array<uint8_t, 2 * (kMaxBuckets + 1)> depths;
    depths[root] = 0;
    unsigned deepest = 0;
    for (size_t i = root; i-- > 0;) {
      depths[i] = static_cast<uint8_t>(depths[nodes[i].parent] + 1);
      deepest = std::max<unsigned>(deepest, depths[i]);
    }
    if (deepest > kMaxCodeBits) continue;
    for (size_t i = 0; i < leaves; ++i) lengths[order[i]] = depths[i];
    return;
  }
}

// Calls put(bits, count) for each piece of the lengths' form.
template <class Put>
void write_lengths(const Lengths& lengths, size_t symbols, Put put) {
  unsigned before = kFirstLength;
  for (size_t i = 0; i < symbols; ++i) {
    const unsigned length = lengths[i];
    if (length == before) {
      put(0, 1);
    } else if (length == before + 1) {
      put(2, 2);
    } else if (length + 1 == before) {
      put(6, 3);
    } else {
      put(0x70 | length, 7);
    }
    before = length;
  }
}

// Bits of the codes and their table, and of what stands plain; outliers at a guess.
size_t bits_of(const Buckets& buckets, size_t values, const Lengths& lengths) {
  size_t bits = values * buckets.width + size_t{buckets.counts[buckets.number]} * kOutlierBits;
  for (size_t i = 0; i < buckets.symbols(); ++i) bits += size_t{buckets.counts[i]} * lengths[i];
  write_lengths(lengths, buckets.symbols(), [&](unsigned, unsigned count) { bits += count; });
  return bits;
}

// Canonical: shorter codes first, then lower symbols.
void assign_codes(const Lengths& lengths, size_t symbols, std::array<uint16_t, kMaxBuckets + 1>& codes) {
  unsigned code = 0;
  for (unsigned length = 1; length <= kMaxCodeBits; ++length, code <<= 1) {
    for (size_t i = 0; i < symbols; ++i)
      if (lengths[i] == length) codes[i] = static_cast<uint16_t>(code++);
  }
}

bool codable(const Buckets& buckets) {
  return buckets.number + (buckets.has_outliers() ? 1 : 0) -
             static_cast<size_t>(std::count(buckets.counts.begin(),
                                            buckets.counts.begin() + static_cast<ptrdiff_t>(buckets.number), 0u)) >=
         2;
}

// ---- reading

// One stream of codes. Behind its end there are zeros.
class Stream {
 public:
  Stream(ByteView bytes, size_t bit) : bytes_(bytes), bit_(bit) {}

  // Makes at least 57 bits ready.
  void refill() {
    const size_t byte = bit_ / 8;
    uint64_t word = 0;
    if (byte + 8 <= bytes_.size()) {
      word = load<uint64_t>(bytes_.data() + byte);
    } else if (byte < bytes_.size()) {
      std::memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
    }
    word_ = __builtin_bswap64(word) << (bit_ % 8);
  }
  unsigned peek(unsigned count) const { return static_cast<unsigned>(word_ >> (64 - count)); }
  void skip(unsigned count) {
    word_ <<= count;
    bit_ += count;
  }
  size_t bit() const { return bit_; }
  // Everything but the padding of the last byte was taken, and the padding is zero.
  bool finished() {
    if ((bit_ + 7) / 8 != bytes_.size()) return false;
    refill();
    return word_ == 0;
  }

 private:
  ByteView bytes_;
  size_t bit_;
  uint64_t word_ = 0;
};

// By the next kMaxCodeBits bits: the length of the code, and above it its symbol. The next look-up waits for the
// length, which is as it should be without a shift.
using Table = std::array<uint16_t, size_t{1} << kMaxCodeBits>;
constexpr unsigned kLengthBits = 8;

// False when the lengths are not those of a complete code.
bool read_table(Stream& in, size_t symbols, Table& table) {
  Lengths lengths;
  unsigned length = kFirstLength;
  for (size_t i = 0; i < symbols; ++i) {
    in.refill();
    const unsigned next = in.peek(7);
    if (next < 0x40) {
      in.skip(1);
    } else if (next < 0x60) {
      in.skip(2);
      ++length;
    } else if (next < 0x70) {
      in.skip(3);
      if (length-- == 0) return false;
    } else {
      in.skip(7);
      length = next & 15;
    }
    if (length > kMaxCodeBits) return false;
    lengths[i] = static_cast<uint8_t>(length);
  }
  size_t filled = 0;
  for (length = 1; length <= kMaxCodeBits; ++length) {
    const size_t run = size_t{1} << (kMaxCodeBits - length);
    for (size_t i = 0; i < symbols; ++i) {
      if (lengths[i] != length) continue;
      if (run > table.size() - filled) return false;
      std::fill_n(table.begin() + static_cast<ptrdiff_t>(filled), run,
                  static_cast<uint16_t>(i << kLengthBits | length));
      filled += run;
    }
  }
  return filled == table.size();
}

uint8_t take_symbol(Stream& in, const Table& table) {
  const unsigned entry = table[in.peek(kMaxCodeBits)];
  in.skip(entry & 63);
  return static_cast<uint8_t>(entry >> kLengthBits);
}

// The first half of the symbols, rounded up, comes from `a`, the rest from `b`.
void read_symbols(Stream a, Stream b, const Table& table, size_t count, uint8_t* out, bool* finished) {
  constexpr size_t kOfOneRefill = 57 / kMaxCodeBits;
  const size_t half = count / 2;
  uint8_t* from_a = out;
  uint8_t* from_b = out + (count - half);
  size_t i = 0;
  for (; i + kOfOneRefill <= half; i += kOfOneRefill) {
    a.refill();
    b.refill();
#pragma GCC unroll 8
    for (size_t k = 0; k < kOfOneRefill; ++k) {
      from_a[i + k] = take_symbol(a, table);
      from_b[i + k] = take_symbol(b, table);
    }
  }
  for (; i < half; ++i) {
    a.refill();
    b.refill();
    from_a[i] = take_symbol(a, table);
    from_b[i] = take_symbol(b, table);
  }
  if (count - half > half) {
    a.refill();
    from_a[half] = take_symbol(a, table);
  }
  *finished = a.finished() && b.finished();
}

}  // namespace

bool put_buckets(std::span<const int64_t> values, size_t limit, Bytes& out) {
  Buckets best = cover(values);
  if (!codable(best)) return false;
  Lengths lengths;
  choose_lengths(best.counts, best.symbols(), lengths);
  size_t bits = bits_of(best, values.size(), lengths);
  for (Buckets wider = widened(best, values); wider.width < 64 && wider.number >= 8 && codable(wider);
       wider = widened(wider, values)) {
    Lengths of_wider;
    choose_lengths(wider.counts, wider.symbols(), of_wider);
    const size_t fewer = bits_of(wider, values.size(), of_wider);
    if (fewer >= bits) break;
    bits = fewer;
    best = wider;
    lengths = of_wider;
  }
  // Outliers may turn out to have a byte only.
  if (bits / 8 - (kOutlierBits / 8 - 1) * best.counts[best.number] >= limit) return false;

  const size_t before = out.size();
  out.push_back(static_cast<uint8_t>(best.width));
  put_signed(out, best.first);
  out.push_back(static_cast<uint8_t>((best.number - 1) | (best.has_outliers() ? kHasOutliers : 0)));
  std::array<uint64_t, kMaxChunkSamples> plain;
  for (size_t i = 0; i < values.size(); ++i) plain[i] = static_cast<uint64_t>(values[i]);
  put_packed(plain.data(), values.size(), best.width, out);
  if (best.has_outliers()) {
    put_varint(out, best.counts[best.number]);
    for (int64_t value : values)
      if (best.place(value) >= best.number) put_signed(out, value);
  }
  std::array<uint16_t, kMaxBuckets + 1> codes{};
  assign_codes(lengths, best.symbols(), codes);
  Bytes first;
  const size_t half = values.size() / 2;
  auto put_codes = [&](std::span<const int64_t> part, BitWriter& to) {
    for (int64_t value : part) {
      const auto symbol = std::min<uint64_t>(best.place(value), best.number);
      to.put(codes[symbol], lengths[symbol]);
    }
    to.finish();
  };
  BitWriter writer(first);
  write_lengths(lengths, best.symbols(), [&](unsigned piece, unsigned count) { writer.put(piece, count); });
  put_codes(values.first(values.size() - half), writer);
  put_varint(out, first.size());
  put_bytes(out, first);
  BitWriter second(out);
  put_codes(values.last(half), second);
  if (out.size() - before < limit) return true;
  out.resize(before);
  return false;
}

bool read_buckets(BoundedReader& in, size_t count, int64_t* out) {
  const unsigned width = in.byte();
  const auto first = static_cast<uint64_t>(in.signed_varint());
  const uint8_t head = in.byte();
  const size_t number = size_t{head & 0x7fu} + 1;
  if (!in.ok() || width > 63 || number > kMaxBuckets) return false;
  BoundedReader plain(in.bytes(packed_size(count, width)));
  BoundedReader outliers(ByteView{});
  const size_t outlier_count = (head & kHasOutliers) != 0 ? static_cast<size_t>(in.bounded(count)) : 0;
  const uint8_t* outliers_begin = in.position();
  for (size_t i = 0; i < outlier_count; ++i) in.varint();
  outliers = BoundedReader(ByteView(outliers_begin, in.position()));
  const ByteView a = in.bytes(in.varint());
  const ByteView b = in.rest();
  if (!in.ok()) return false;

  Table table;
  Stream stream(a, 0);
  if (!read_table(stream, number + ((head & kHasOutliers) != 0 ? 1 : 0), table)) return false;
  Symbols symbols;
  bool finished = false;
  read_symbols(Stream(a, stream.bit()), Stream(b, 0), table, count, symbols.data(), &finished);
  if (!finished) return false;

  std::array<uint64_t, kPackedGroup> group;
  for (size_t at = 0; at < count; at += kPackedGroup) {
    const size_t size = std::min(kPackedGroup, count - at);
    if (!read_packed(plain, size, width, group.data())) return false;
    for (size_t i = 0; i < size; ++i)
      out[at + i] = static_cast<int64_t>(((first + symbols[at + i]) << width) + group[i]);
  }
  if ((head & kHasOutliers) == 0) return true;
  for (size_t i = 0; i < count; ++i)
    if (symbols[i] == number) out[i] = outliers.signed_varint();
  return outlier_count > 0 && outliers.finished();
}

}  // namespace nightlight::gorilla
