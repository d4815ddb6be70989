// Reads what a fuzzer gives as choices, so that any bytes are something that the code under test takes seriously.
#ifndef NIGHTLIGHT_TESTS_FUZZ_CHOICES_H_
#define NIGHTLIGHT_TESTS_FUZZ_CHOICES_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nightlight::fuzz {

// Choices, a byte each; zeros when there are no more.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  uint8_t byte() { return at_ == end_ ? 0 : *at_++; }
  size_t below(size_t count) { return byte() % count; }
  bool at_end() const { return at_ == end_; }
  bool one_in(size_t count) { return below(count) == count - 1; }
  template <size_t Count>
  std::string of(const char* const (&texts)[Count]) {
    return texts[below(Count)];
  }
  uint64_t bits() {
    uint64_t out = 0;
    for (int i = 0; i < 8; ++i) out = out << 8 | byte();
    return out;
  }
  // Any double at all, or a small number.
  double number() { return one_in(3) ? std::bit_cast<double>(bits()) : static_cast<double>(byte()) - 100; }
  // Bytes as they are: at most so many.
  std::string raw(size_t most) {
    const size_t size = std::min(below(most + 1), static_cast<size_t>(end_ - at_));
    std::string out(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return out;
  }
  // All that is left.
  std::string rest() {
    std::string out(reinterpret_cast<const char*>(at_), static_cast<size_t>(end_ - at_));
    at_ = end_;
    return out;
  }

 private:
  const uint8_t *at_, *end_;
};

}  // namespace nightlight::fuzz

#endif  // NIGHTLIGHT_TESTS_FUZZ_CHOICES_H_
