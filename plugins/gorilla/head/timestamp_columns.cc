#include "gorilla/head/timestamp_columns.h"

#include <algorithm>

namespace nightlight::gorilla {

uint32_t TimestampColumns::start(int64_t timestamp_ms) {
  auto [at, fresh] = starts_.try_emplace(timestamp_ms, static_cast<uint32_t>(columns_.size()));
  if (fresh) columns_.push_back(Column{timestamp_ms, {0}, {}});
  return at->second;
}

uint32_t TimestampColumns::fork(uint32_t column, uint32_t count, uint32_t offset) {
  // Series of one target fork together, so the one that is looked for is among the latest.
  constexpr size_t kSearched = 16;
  Column& from = columns_[column];
  size_t searched = std::min(kSearched, from.forks.size());
  for (auto f = from.forks.rbegin(); f != from.forks.rbegin() + static_cast<ptrdiff_t>(searched); ++f)
    if (f->count == count && f->offset == offset) return f->column;
  auto id = static_cast<uint32_t>(columns_.size());
  if (from.forks.size() >= 2 * kSearched) from.forks.erase(from.forks.begin(), from.forks.begin() + kSearched);
  from.forks.push_back(Fork{count, offset, id});
  Column forked{from.base_ms, {}, {}};
  forked.offsets.reserve(count + 8);
  forked.offsets.assign(from.offsets.begin(), from.offsets.begin() + count);
  forked.offsets.push_back(offset);
  columns_.push_back(std::move(forked));
  return id;
}

void TimestampColumns::read(uint32_t column, uint32_t count, int64_t* out) const {
  const Column& c = columns_[column];
  for (uint32_t i = 0; i < count; ++i) out[i] = c.base_ms + c.offsets[i];
}

size_t TimestampColumns::memory_bytes() const {
  size_t out = columns_.size() * sizeof(Column) + starts_.size() * 40;
  for (const Column& c : columns_) out += c.offsets.capacity() * 4 + c.forks.capacity() * sizeof(Fork);
  return out;
}

}  // namespace nightlight::gorilla
