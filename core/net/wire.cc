#include "net/wire.h"

#include <Poco/Exception.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace nightlight::net {
namespace {

constexpr size_t kReadAheadBytes = 4096;
constexpr size_t kKeptBytes = 16 * 1024;
constexpr size_t kMaxReceive = 1 << 20;
constexpr int64_t kFarewellNs = 500'000'000;
constexpr size_t kFarewellBytes = 1 << 20;

}  // namespace

void Wire::take(size_t size) {
  taken_ += size;
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    taken_ = 0;
  }
}

int Wire::receive_some(char* out, int size) {
  if (timed_out()) return -1;
  try {
    int got = socket_.receiveBytes(out, size);
    if (got > 0) received_ += static_cast<uint64_t>(got);
    return timed_out() ? -1 : got;
  } catch (const Poco::Exception&) {
    return -1;  // Reset, "unexpected eof" of TLS clients that just leave, shut by the watchdog: all mean the same to
                // us.
  }
}

bool Wire::fill() {
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    taken_ = 0;
  }
  size_t old = buffer_.size();
  buffer_.resize(old + kReadAheadBytes);
  int got = receive_some(buffer_.data() + old, static_cast<int>(kReadAheadBytes));
  buffer_.resize(old + static_cast<size_t>(std::max(got, 0)));
  return got > 0;
}

bool Wire::receive(char* out, size_t size) {
  size_t ready = std::min(size, buffered().size());
  std::memcpy(out, buffered().data(), ready);
  take(ready);
  while (ready < size) {
    int got = receive_some(out + ready, static_cast<int>(std::min(size - ready, kMaxReceive)));
    if (got <= 0) return false;
    ready += static_cast<size_t>(got);
  }
  return true;
}

bool Wire::send(std::string_view bytes) {
  if (timed_out()) return false;
  try {
    while (!bytes.empty()) {
      int sent = socket_.sendBytes(bytes.data(), static_cast<int>(std::min(bytes.size(), kMaxReceive)));
      if (sent <= 0) return false;
      sent_ += static_cast<uint64_t>(sent);
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

uint64_t Wire::take_received() { return std::exchange(received_, 0); }
uint64_t Wire::take_sent() { return std::exchange(sent_, 0); }

void Wire::shrink() {
  if (buffer_.empty() && buffer_.capacity() > kKeptBytes) std::string().swap(buffer_);
}

void Wire::close_gently() {
  if (timed_out()) return;
  set_deadline(steady_ns() + kFarewellNs);
  try {
    if (socket_.secure()) {
      socket_.shutdown();  // close_notify, then the socket.
    } else {
      socket_.shutdownSend();
    }
  } catch (const Poco::Exception&) {
    return;
  }
  // The raw socket: what arrives is thrown away.
  char sink[4096];
  for (size_t total = 0; total < kFarewellBytes && !timed_out();) {
    ssize_t got = ::recv(watched_->fd, sink, sizeof sink, 0);
    if (got <= 0) break;
    total += static_cast<size_t>(got);
  }
}

}  // namespace nightlight::net
