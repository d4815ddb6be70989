#include "gorilla/block/postings.h"

#include <algorithm>

namespace nightlight::gorilla {
namespace {

// Calls for each run with its first ordinal and its length; runs ascend. False when the postings are damaged.
template <class Visit>
bool each_run(ByteView postings, uint32_t size, Visit visit) {
  BoundedReader in(postings);
  uint64_t next = 0;
  while (in.remaining() > 0) {
    uint64_t first = next + in.bounded(size);
    uint64_t count = in.bounded(size) + 1;
    if (!in.ok() || first + count > size) return false;
    visit(static_cast<uint32_t>(first), static_cast<uint32_t>(count));
    next = first + count;
  }
  return in.ok();
}

}  // namespace

void put_postings(std::span<const uint32_t> ordinals, Bytes& out) {
  uint32_t next = 0;
  for (size_t i = 0; i < ordinals.size();) {
    size_t end = i + 1;
    while (end < ordinals.size() && ordinals[end] == ordinals[end - 1] + 1) ++end;
    put_varint(out, ordinals[i] - next);
    put_varint(out, end - i - 1);
    next = ordinals[end - 1] + 1;
    i = end;
  }
}

std::optional<uint64_t> count_postings(ByteView postings, uint32_t size) {
  uint64_t listed = 0;
  if (!each_run(postings, size, [&](uint32_t, uint32_t count) { listed += count; })) return std::nullopt;
  return listed;
}

void OrdinalSet::fill() {
  if (size_ > 0) add_run(0, size_);
}

void OrdinalSet::add_run(uint32_t first, uint32_t count) {
  uint32_t last = first + count - 1;
  uint64_t head = ~uint64_t{0} << (first % 64);
  uint64_t tail = ~uint64_t{0} >> (63 - last % 64);
  if (first / 64 == last / 64) {
    words_[first / 64] |= head & tail;
    return;
  }
  words_[first / 64] |= head;
  std::fill(words_.begin() + first / 64 + 1, words_.begin() + last / 64, ~uint64_t{0});
  words_[last / 64] |= tail;
}

bool OrdinalSet::add_postings(ByteView postings) {
  return each_run(postings, size_, [this](uint32_t first, uint32_t count) { add_run(first, count); });
}

void OrdinalSet::intersect(const OrdinalSet& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void OrdinalSet::subtract(const OrdinalSet& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
}

bool OrdinalSet::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](uint64_t word) { return word == 0; });
}

std::vector<uint32_t> OrdinalSet::to_vector() const {
  size_t count = 0;
  for (uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
  std::vector<uint32_t> out;
  out.reserve(count);
  for (size_t i = 0; i < words_.size(); ++i)
    for (uint64_t word = words_[i]; word != 0; word &= word - 1)
      out.push_back(static_cast<uint32_t>(i * 64) + static_cast<uint32_t>(std::countr_zero(word)));
  return out;
}

}  // namespace nightlight::gorilla
