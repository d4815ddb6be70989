// The bodies of write requests: snappy blocks, or zstd as vmagent sends them.
#ifndef NIGHTLIGHT_REMOTE_WRITE_BODY_H_
#define NIGHTLIGHT_REMOTE_WRITE_BODY_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace nightlight::remote_write {

// Memory that keeps its size between requests, unless one of them was very large.
class Buffer {
 public:
  // Room for `size` bytes; what was there is lost.
  char* prepare(size_t size);
  size_t capacity() const { return capacity_; }
  // Frees memory that an ordinary request does not need.
  void trim();

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
};

// Decodes a snappy block into `buffer`. The length that the block declares is checked before anything is allocated.
// kInvalidArgument with a text of the protocol's reference implementation.
Result<std::string_view> decode_snappy(std::string_view body, size_t max_size, Buffer& buffer);

// Decodes zstd frames.
Result<std::string_view> decode_zstd(std::string_view body, size_t max_size, Buffer& buffer);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_BODY_H_
