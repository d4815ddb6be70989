#include "net/body_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/parse.h"

namespace nightlight::net {
namespace {

constexpr uint64_t kSkippedBytes = 64 * 1024;
constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxTrailerLines = 100;

}  // namespace

BodyReader::BodyReader(Wire* wire, const RequestHead& head, uint64_t limit_bytes)
    : wire_(wire),
      length_(head.content_length),
      chunked_(head.chunked),
      expect_continue_(head.expect_continue),
      limit_(limit_bytes) {
  if (!chunked_ && length_ == 0) state_ = State::kRead;
}

Error BodyReader::broken() const {
  if (wire_->timed_out()) return Error{Code::kDeadlineExceeded, "the request body did not arrive in time"};
  return Error{Code::kCancelled, "the client went away before its request was complete"};
}

Error BodyReader::too_large() const {
  return Error{Code::kResourceExhausted, "the request body is larger than " + format_bytes(limit_)};
}

Result<std::string_view> BodyReader::read(int64_t deadline_ns) {
  if (state_ == State::kUnread) {
    state_ = State::kFailed;
    Result<void> received = length_ > limit_ ? Result<void>(too_large()) : Result<void>();
    if (received.ok()) {
      wire_->set_deadline(deadline_ns);
      if (expect_continue_ && wire_->buffered().empty() && !wire_->send("HTTP/1.1 100 Continue\r\n\r\n")) {
        received = broken();
      } else {
        received = chunked_ ? receive_chunked() : receive_plain();
      }
      wire_->set_deadline(kNoDeadline);
    }
    if (received.ok()) {
      state_ = State::kRead;
    } else {
      error_ = std::move(received).error();
    }
  }
  if (state_ == State::kFailed) return error_;
  return std::string_view(data_.get(), size_);
}

bool BodyReader::finish(int64_t deadline_ns) {
  if (state_ == State::kRead) return true;
  // A client that waits for 100 Continue may send its body or not: nobody can tell what comes next.
  if (state_ == State::kFailed || chunked_ || expect_continue_ || length_ > std::min(kSkippedBytes, limit_))
    return false;
  return read(deadline_ns).ok();
}

void BodyReader::reserve(size_t size) {
  if (size <= capacity_) return;
  size_t capacity = std::max(size, capacity_ * 2);
  std::unique_ptr<char[]> bigger(new char[capacity]);
  if (size_ > 0) std::memcpy(bigger.get(), data_.get(), size_);
  data_ = std::move(bigger);
  capacity_ = capacity;
}

Result<void> BodyReader::receive_plain() {
  reserve(static_cast<size_t>(length_));
  if (!wire_->receive(data_.get(), static_cast<size_t>(length_))) return broken();
  size_ = static_cast<size_t>(length_);
  return {};
}

Result<void> BodyReader::receive_line(std::string* out) {
  for (size_t from = 0;;) {
    std::string_view ready = wire_->buffered();
    size_t end = ready.find('\n', from);
    if (end != std::string_view::npos) {
      if (end == 0 || ready[end - 1] != '\r') return Error{Code::kInvalidArgument, "malformed chunk"};
      out->assign(ready.substr(0, end - 1));
      wire_->take(end + 1);
      return {};
    }
    if (ready.size() > kMaxLine) return Error{Code::kInvalidArgument, "malformed chunk"};
    from = ready.size();
    if (!wire_->fill()) return broken();
  }
}

Result<void> BodyReader::receive_chunked() {
  std::string line;
  for (;;) {
    NIGHTLIGHT_TRY(receive_line(&line));
    std::string_view digits = std::string_view(line).substr(0, line.find(';'));
    while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\t')) digits.remove_suffix(1);
    uint64_t size = 0;
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc() || stop != digits.data() + digits.size())
      return Error{Code::kInvalidArgument, "malformed chunk"};
    if (size == 0) break;
    if (size > limit_ || size_ + size > limit_) return too_large();
    reserve(size_ + static_cast<size_t>(size));
    if (!wire_->receive(data_.get() + size_, static_cast<size_t>(size))) return broken();
    size_ += static_cast<size_t>(size);
    NIGHTLIGHT_TRY(receive_line(&line));
    if (!line.empty()) return Error{Code::kInvalidArgument, "malformed chunk"};
  }
  for (size_t trailers = 0; trailers <= kMaxTrailerLines; ++trailers) {
    NIGHTLIGHT_TRY(receive_line(&line));
    if (line.empty()) return {};
  }
  return Error{Code::kInvalidArgument, "too many trailers"};
}

}  // namespace nightlight::net
