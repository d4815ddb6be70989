// Bytes to and from a client: a Poco stream socket, TLS or not, with read-ahead and without exceptions.
#ifndef NIGHTLIGHT_NET_WIRE_H_
#define NIGHTLIGHT_NET_WIRE_H_

#include <Poco/Net/StreamSocket.h>

#include <string>
#include <string_view>

#include "net/watchdog.h"

namespace nightlight::net {

class Wire {
 public:
  Wire(const Poco::Net::StreamSocket& socket, Watched* watched) : socket_(socket), watched_(watched) {}

  // What was received and not yet taken.
  std::string_view buffered() const { return std::string_view(buffer_).substr(taken_); }
  void take(size_t size);

  // Receives some more bytes behind `buffered`. False at the end, on failure and after the deadline.
  bool fill();
  // Receives exactly `size` bytes, of which the buffered ones come first.
  bool receive(char* out, size_t size);
  // Sends all of it. False when the client has gone or is too slow.
  bool send(std::string_view bytes);

  // One deadline for what follows; also asked by every read, since bytes may come in after the socket was shut.
  void set_deadline(int64_t deadline_ns) { watched_->deadline_ns.store(deadline_ns, std::memory_order_relaxed); }
  bool timed_out() const { return watched_->timed_out.load(std::memory_order_acquire); }
  // Bytes in both directions since the last call.
  uint64_t take_received();
  uint64_t take_sent();

  // Returns memory that a large request left behind.
  void shrink();
  // Says goodbye and waits a moment for the client to read the last answer: closing with unread bytes would reset the
  // connection and destroy it on its way.
  void close_gently();

 private:
  int receive_some(char* out, int size);

  Poco::Net::StreamSocket socket_;
  Watched* watched_;
  std::string buffer_;
  size_t taken_ = 0;
  uint64_t received_ = 0, sent_ = 0;
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_WIRE_H_
