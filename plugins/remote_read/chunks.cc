#include "remote_read/chunks.h"

#include <algorithm>
#include <bit>

#include "remote_read/bit_writer.h"
#include "remote_read/histogram_chunk.h"

namespace nightlight::remote_read {
namespace {

constexpr uint64_t kMaxSamples = 120;

// The delta of deltas of an XOR chunk's timestamps.
void write_dod(BitWriter& out, int64_t dod) {
  if (dod == 0) return out.bit(false);
  struct Code {
    uint64_t prefix;
    int prefix_bits, value_bits;
  };
  for (Code code : {Code{0b10, 2, 14}, Code{0b110, 3, 17}, Code{0b1110, 4, 20}}) {
    if (!fits_bits(dod, code.value_bits)) continue;
    out.bits(code.prefix, code.prefix_bits);
    return out.bits(static_cast<uint64_t>(dod), code.value_bits);
  }
  out.bits(0b1111, 4);
  out.bits(static_cast<uint64_t>(dod), 64);
}

Chunk encode_floats(const int64_t* times, const double* values, uint64_t count) {
  Chunk chunk{ChunkEncoding::kXor, times[0], times[count - 1], {}};
  chunk.data.push_back(static_cast<char>(count >> 8));
  chunk.data.push_back(static_cast<char>(count & 0xff));
  BitWriter out(chunk.data);
  XorWriter value;
  out.varint(times[0]);
  value.first(out, values[0]);
  int64_t delta = 0;
  for (uint64_t i = 1; i < count; ++i) {
    int64_t now = times[i] - times[i - 1];
    if (i == 1) {
      out.uvarint(static_cast<uint64_t>(now));
    } else {
      write_dod(out, now - delta);
    }
    delta = now;
    value.next(out, values[i]);
  }
  return chunk;
}

Chunk encode_histograms(const Histogram* const* histograms, uint64_t count) {
  bool floats = (histograms[0]->flags & kFloatHistogram) != 0;
  return Chunk{floats ? ChunkEncoding::kFloatHistogram : ChunkEncoding::kHistogram, histograms[0]->timestamp_ms,
               histograms[count - 1]->timestamp_ms, encode_histogram_chunk(histograms, count)};
}

}  // namespace

std::vector<Chunk> encode_chunks(const SeriesSamples& series) {
  std::vector<Chunk> chunks;
  uint64_t next_float = 0, next_histogram = 0;
  const auto& times = series.timestamps_ms;
  const auto& histograms = series.histograms;
  while (next_float < times.size || next_histogram < histograms.size) {
    bool has_float = next_float < times.size, has_histogram = next_histogram < histograms.size;
    if (has_float && (!has_histogram || times[next_float] < histograms[next_histogram]->timestamp_ms)) {
      uint64_t end = std::min(times.size, next_float + kMaxSamples);
      if (has_histogram) {
        int64_t limit = histograms[next_histogram]->timestamp_ms;
        end = static_cast<uint64_t>(std::lower_bound(times.data + next_float, times.data + end, limit) - times.data);
      }
      chunks.push_back(encode_floats(times.data + next_float, series.values.data + next_float, end - next_float));
      next_float = end;
    } else {
      uint64_t end = next_histogram + 1;
      uint64_t limit = std::min(histograms.size, next_histogram + kMaxSamples);
      while (end < limit && (!has_float || histograms[end]->timestamp_ms < times[next_float]) &&
             continues_chunk(*histograms[end - 1], *histograms[end])) {
        ++end;
      }
      chunks.push_back(encode_histograms(histograms.data + next_histogram, end - next_histogram));
      next_histogram = end;
    }
  }
  return chunks;
}

}  // namespace nightlight::remote_read
