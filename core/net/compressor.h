// Compresses a body piece by piece, with memory that does not depend on its size.
#ifndef NIGHTLIGHT_NET_COMPRESSOR_H_
#define NIGHTLIGHT_NET_COMPRESSOR_H_

#include <functional>
#include <memory>
#include <string_view>

#include "net/content_coding.h"

namespace nightlight::net {

class Compressor {
 public:
  // Takes compressed bytes, at most kMostAtOnce; false ends the work.
  using Put = std::function<bool(std::string_view)>;
  static constexpr size_t kMostAtOnce = 8192;

  virtual ~Compressor() = default;

  // Hands out what is ready; with `last`, all of it. False when `put` was, or when memory is out.
  virtual bool add(std::string_view bytes, bool last, const Put& put) = 0;
};

// Null when memory is out. Not for kIdentity.
std::unique_ptr<Compressor> make_compressor(Encoding encoding);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_COMPRESSOR_H_
