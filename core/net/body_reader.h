// The body of a request, as told by its Content-Length or in chunks, read once and as a whole.
#ifndef NIGHTLIGHT_NET_BODY_READER_H_
#define NIGHTLIGHT_NET_BODY_READER_H_

#include <memory>
#include <string>

#include "base/result.h"
#include "net/request_head.h"
#include "net/wire.h"

namespace nightlight::net {

class BodyReader {
 public:
  // `limit_bytes` bounds the body; `expect_continue` clients wait for an interim answer before they send it.
  BodyReader(Wire* wire, const RequestHead& head, uint64_t limit_bytes);

  // The whole body; the same on each call. kResourceExhausted beyond the limit, kDeadlineExceeded, kCancelled when the
  // client left, kInvalidArgument for malformed chunks.
  Result<std::string_view> read(int64_t deadline_ns);

  // After the answer: skips a small unread body, so that it cannot be taken for the next request. False when the
  // connection must be closed instead.
  bool finish(int64_t deadline_ns);

 private:
  enum class State { kUnread, kRead, kFailed };

  Result<void> receive_plain();
  Result<void> receive_chunked();
  Result<void> receive_line(std::string* out);
  Error broken() const;
  Error too_large() const;
  void reserve(size_t size);

  Wire* const wire_;
  const uint64_t length_;
  const bool chunked_, expect_continue_;
  const uint64_t limit_;
  State state_ = State::kUnread;
  Error error_;
  std::unique_ptr<char[]> data_;  // Not a string: its zeroing would touch every page before the bytes come.
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_BODY_READER_H_
