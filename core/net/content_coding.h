// Which content coding an answer gets.
#ifndef NIGHTLIGHT_NET_CONTENT_CODING_H_
#define NIGHTLIGHT_NET_CONTENT_CODING_H_

#include <string_view>

namespace nightlight::net {

enum class Encoding { kIdentity, kGzip, kDeflate, kZstd };

// "gzip", as in Content-Encoding.
std::string_view name_of(Encoding encoding);

// The coding of an Accept-Encoding header (RFC 9110, 12.5.3) with the highest q. Where several have it, zstd, which is
// both the quickest and the smallest; else the one that stands first, as with Prometheus. A coding that is only meant
// by `*`, or liked less than `identity`, is not used.
Encoding choose_encoding(std::string_view accept_encoding);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_CONTENT_CODING_H_
