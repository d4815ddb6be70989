// The ids of the series that have one label: up to three inline, more in a Roaring bitmap.
#ifndef NIGHTLIGHT_GORILLA_HEAD_POSTINGS_H_
#define NIGHTLIGHT_GORILLA_HEAD_POSTINGS_H_

#include <roaring/roaring.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace nightlight::gorilla {

// An owned Roaring bitmap.
class Bitmap {
 public:
  Bitmap() : bits_(roaring_bitmap_create()) {}
  explicit Bitmap(roaring_bitmap_t* bits) : bits_(bits) {}
  Bitmap(Bitmap&& other) noexcept : bits_(std::exchange(other.bits_, nullptr)) {}
  Bitmap& operator=(Bitmap&& other) noexcept {
    std::swap(bits_, other.bits_);
    return *this;
  }
  ~Bitmap() {
    if (bits_ != nullptr) roaring_bitmap_free(bits_);
  }

  Bitmap copy() const { return Bitmap(roaring_bitmap_copy(bits_)); }
  void add(uint32_t id) { roaring_bitmap_add(bits_, id); }
  void remove(uint32_t id) { roaring_bitmap_remove(bits_, id); }
  bool contains(uint32_t id) const { return roaring_bitmap_contains(bits_, id); }
  uint64_t size() const { return roaring_bitmap_get_cardinality(bits_); }
  bool empty() const { return roaring_bitmap_is_empty(bits_); }
  void intersect(const Bitmap& other) { roaring_bitmap_and_inplace(bits_, other.bits_); }
  void subtract(const Bitmap& other) { roaring_bitmap_andnot_inplace(bits_, other.bits_); }
  void unite(const Bitmap& other) { roaring_bitmap_or_inplace(bits_, other.bits_); }
  std::vector<uint32_t> ids() const {
    std::vector<uint32_t> out(size());
    roaring_bitmap_to_uint32_array(bits_, out.data());
    return out;
  }
  roaring_bitmap_t* raw() { return bits_; }
  const roaring_bitmap_t* raw() const { return bits_; }

 private:
  roaring_bitmap_t* bits_;
};

class Postings {
 public:
  Postings() = default;
  Postings(Postings&& other) noexcept : size_(other.size_), first_(other.first_), rest_(other.rest_) {
    other.size_ = 0;
  }
  Postings& operator=(Postings&&) = delete;
  ~Postings() {
    if (size_ > kInline) roaring_bitmap_free(rest_.bits);
  }

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // `id` must not be there.
  void add(uint32_t id) {
    if (size_ == 0) {
      first_ = id;
    } else if (size_ < kInline) {
      rest_.ids[size_ - 1] = id;
    } else {
      if (size_ == kInline) {
        uint32_t all[] = {first_, rest_.ids[0], rest_.ids[1]};
        rest_.bits = roaring_bitmap_of_ptr(kInline, all);
      }
      roaring_bitmap_add(rest_.bits, id);
    }
    ++size_;
  }

  // `id` must be there.
  void remove(uint32_t id) {
    if (size_ > kInline) {
      roaring_bitmap_remove(rest_.bits, id);
      if (--size_ > kInline) return;
      uint32_t all[kInline];
      roaring_bitmap_to_uint32_array(rest_.bits, all);
      roaring_bitmap_free(rest_.bits);
      first_ = all[0], rest_.ids[0] = all[1], rest_.ids[1] = all[2];
      return;
    }
    uint32_t last = size_ == 1 ? first_ : rest_.ids[size_ - 2];
    if (first_ == id) first_ = last;
    if (size_ > 1 && rest_.ids[0] == id) rest_.ids[0] = last;
    --size_;
  }

  void add_to(Bitmap& out) const {
    if (size_ > kInline) {
      roaring_bitmap_or_inplace(out.raw(), rest_.bits);
      return;
    }
    for (uint32_t i = 0; i < size_; ++i) out.add(inline_id(i));
  }
  void remove_from(Bitmap& out) const {
    if (size_ > kInline) {
      roaring_bitmap_andnot_inplace(out.raw(), rest_.bits);
      return;
    }
    for (uint32_t i = 0; i < size_; ++i) out.remove(inline_id(i));
  }
  bool intersects(const Bitmap& other) const {
    if (size_ > kInline) return roaring_bitmap_intersect(rest_.bits, other.raw());
    for (uint32_t i = 0; i < size_; ++i)
      if (other.contains(inline_id(i))) return true;
    return false;
  }
  void intersect_into(Bitmap& out) const {
    if (size_ > kInline) {
      roaring_bitmap_and_inplace(out.raw(), rest_.bits);
      return;
    }
    Bitmap kept;
    for (uint32_t i = 0; i < size_; ++i)
      if (out.contains(inline_id(i))) kept.add(inline_id(i));
    out = std::move(kept);
  }
  // Runs of ids take less as runs: for when many were added.
  void optimize() {
    if (size_ > kInline) {
      roaring_bitmap_run_optimize(rest_.bits);
      roaring_bitmap_shrink_to_fit(rest_.bits);
    }
  }
  size_t memory_bytes() const { return size_ > kInline ? roaring_bitmap_portable_size_in_bytes(rest_.bits) + 64 : 0; }

 private:
  static constexpr uint32_t kInline = 3;
  uint32_t inline_id(uint32_t i) const { return i == 0 ? first_ : rest_.ids[i - 1]; }

  uint32_t size_ = 0;
  uint32_t first_ = 0;
  union {
    uint32_t ids[2];
    roaring_bitmap_t* bits;
  } rest_{{0, 0}};
};
static_assert(sizeof(Postings) == 16);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_HEAD_POSTINGS_H_
