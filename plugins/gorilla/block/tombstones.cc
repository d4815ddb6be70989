#include "gorilla/block/tombstones.h"

#include <algorithm>

#include "base/crc32c.h"
#include "gorilla/chunk/bytes.h"

namespace nightlight::gorilla {
namespace {

constexpr std::string_view kMagic = "NLT1";

}  // namespace

void Tombstones::add(uint32_t ordinal, TimeRange range) {
  if (range.start_ms > range.end_ms) return;
  std::vector<TimeRange>& ranges = series_[ordinal];
  // Everything that overlaps or touches the new range becomes part of it.
  auto touches = [&](const TimeRange& r) {
    bool before = r.end_ms < range.start_ms && r.end_ms != range.start_ms - 1;
    bool after = r.start_ms > range.end_ms && r.start_ms != range.end_ms + 1;
    return !before && !after;
  };
  for (const TimeRange& r : ranges) {
    if (!touches(r)) continue;
    range.start_ms = std::min(range.start_ms, r.start_ms);
    range.end_ms = std::max(range.end_ms, r.end_ms);
  }
  std::erase_if(ranges, touches);
  auto at =
      std::partition_point(ranges.begin(), ranges.end(), [&](const TimeRange& r) { return r.end_ms < range.start_ms; });
  ranges.insert(at, range);
}

const std::vector<TimeRange>* Tombstones::ranges(uint32_t ordinal) const {
  auto found = series_.find(ordinal);
  return found == series_.end() ? nullptr : &found->second;
}

uint64_t Tombstones::range_count() const {
  uint64_t count = 0;
  for (const auto& [ordinal, ranges] : series_) count += ranges.size();
  return count;
}

std::string Tombstones::encode() const {
  Bytes out(kMagic.begin(), kMagic.end());
  put_varint(out, series_.size());
  uint32_t next = 0;
  for (const auto& [ordinal, ranges] : series_) {
    put_varint(out, ordinal - next);
    next = ordinal + 1;
    put_varint(out, ranges.size());
    for (const TimeRange& range : ranges) {
      put_signed(out, range.start_ms);
      put_signed(out, range.end_ms);
    }
  }
  put_fixed(out, crc32c(out.data(), out.size()));
  return std::string(out.begin(), out.end());
}

Result<Tombstones> Tombstones::decode(std::string_view bytes) {
  Error damaged{Code::kDataLoss, "tombstones are damaged"};
  if (bytes.size() < kMagic.size() + 4) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (load<uint32_t>(reinterpret_cast<const uint8_t*>(bytes.data()) + body.size()) != crc32c(body)) return damaged;
  if (!body.starts_with(kMagic))
    return body.starts_with("NLT") ? Error{Code::kUnimplemented, "tombstones were written by a newer version"}
                                   : damaged;
  BoundedReader in(body.substr(kMagic.size()));
  Tombstones out;
  uint64_t count = in.bounded(in.remaining());
  for (uint64_t i = 0, next = 0; i < count; ++i) {
    uint64_t ordinal = next + in.bounded(UINT32_MAX);
    uint64_t ranges = in.bounded(in.remaining() / 2);
    if (!in.ok() || ordinal > UINT32_MAX || ranges == 0) return damaged;
    // As add() keeps them: ascending, apart from each other.
    std::vector<TimeRange>& of_series = out.series_[static_cast<uint32_t>(ordinal)];
    for (uint64_t r = 0; r < ranges; ++r) {
      const int64_t start_ms = in.signed_varint(), end_ms = in.signed_varint();
      const bool apart =
          of_series.empty() || (start_ms > of_series.back().end_ms && start_ms - 1 > of_series.back().end_ms);
      if (!in.ok() || start_ms > end_ms || !apart) return damaged;
      of_series.push_back({start_ms, end_ms});
    }
    next = ordinal + 1;
  }
  if (!in.finished()) return damaged;
  return out;
}

bool covers(const std::vector<TimeRange>& ranges, int64_t time_ms) {
  auto found =
      std::partition_point(ranges.begin(), ranges.end(), [&](const TimeRange& r) { return r.end_ms < time_ms; });
  return found != ranges.end() && found->start_ms <= time_ms;
}

void subtract(const std::vector<TimeRange>& ranges, SampleColumns* samples) {
  size_t kept = 0;
  const bool starts = !samples->start_timestamps_ms.empty();
  for (size_t i = 0; i < samples->timestamps_ms.size(); ++i) {
    if (covers(ranges, samples->timestamps_ms[i])) continue;
    samples->timestamps_ms[kept] = samples->timestamps_ms[i];
    samples->values[kept] = samples->values[i];
    if (starts) samples->start_timestamps_ms[kept] = samples->start_timestamps_ms[i];
    ++kept;
  }
  samples->timestamps_ms.resize(kept);
  samples->values.resize(kept);
  if (starts) samples->start_timestamps_ms.resize(kept);
  std::erase_if(samples->histograms, [&](const Histogram* h) { return covers(ranges, h->timestamp_ms); });
}

}  // namespace nightlight::gorilla
