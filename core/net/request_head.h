// The head of an HTTP/1.x request, parsed strictly: what two servers could read differently is refused, because a proxy
// in front might have read it the other way (request smuggling).
#ifndef NIGHTLIGHT_NET_REQUEST_HEAD_H_
#define NIGHTLIGHT_NET_REQUEST_HEAD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nightlight/listener.h"

namespace nightlight::net {

inline constexpr size_t kMaxHeadBytes = 64 * 1024;
inline constexpr size_t kMaxHeaders = 100;

// A refusal: an HTTP status and a sentence for the client. `status` 0 means that nothing is wrong.
struct HttpError {
  uint32_t status = 0;
  std::string message;

  explicit operator bool() const { return status != 0; }
};

struct RequestHead {
  uint32_t method = 0;  // HttpMethod, 0 for any other.
  std::string_view method_name;
  std::string_view path;  // As sent: begins with '/', or is "*".
  std::string decoded_path;
  std::string_view query;      // As sent, without '?'.
  uint32_t minor_version = 1;  // HTTP/1.0 or 1.1.
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  bool keep_alive = true;
  bool expect_continue = false;
  bool chunked = false;
  uint64_t content_length = 0;  // 0 when chunked.

  // The value of a header, several joined by ", "; false when it is absent. Names are compared without case.
  bool header(std::string_view name, std::string* out) const;
};

// Parses `text`, which ends with the empty line. The views in `out` point into it.
HttpError parse_request_head(std::string_view text, RequestHead* out);

// Where the head ends (after the empty line), 0 when it is not complete. `from` is where an earlier look stopped.
size_t find_head_end(std::string_view buffer, size_t from);

bool equals_ignore_case(std::string_view a, std::string_view b);

// Decodes %XX. False for a broken escape or a NUL.
bool percent_decode(std::string_view text, std::string* out);

// True when a decoded path has "." or ".." as a segment, or a control character: nothing that may reach a file system.
bool is_unsafe_path(std::string_view decoded);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_REQUEST_HEAD_H_
