// Ends what takes too long. Blocking sockets restart their time limits with every byte, so a client that drips bytes
// would hold a thread for ever: each phase of a connection (handshake, head, body, sending, idle) has one deadline for
// all of it, and this thread shuts the socket when it passes. It also notices clients that have gone while their
// request is being worked on.
#ifndef NIGHTLIGHT_NET_WATCHDOG_H_
#define NIGHTLIGHT_NET_WATCHDOG_H_

#include <atomic>
#include <cstdint>
#include <thread>
#include <unordered_set>

#include "base/mutex.h"

namespace nightlight::net {

inline constexpr int64_t kNoDeadline = INT64_MAX;

// CLOCK_MONOTONIC, as Host::monotonic_ns.
int64_t steady_ns();

// One connection. Its thread writes the first three, the watchdog the others.
struct Watched {
  int fd = -1;
  std::atomic<int64_t> deadline_ns{kNoDeadline};
  std::atomic<bool> idle{false};     // Between two requests: may be closed at any time.
  std::atomic<bool> working{false};  // A handler runs: look whether the client is still there.
  std::atomic<bool> timed_out{false};
  std::atomic<uint32_t> cancelled{0};
};

class Watchdog {
 public:
  ~Watchdog();
  void start();
  void stop();

  // `watched` must stay until `remove`, which must come before its socket is closed.
  void add(Watched* watched) EXCLUDES(mutex_);
  void remove(Watched* watched) EXCLUDES(mutex_);

  // Closes idle connections (from now on as soon as they become idle), or all.
  void close_idle() EXCLUDES(mutex_);
  void close_all() EXCLUDES(mutex_);

 private:
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  void look(int64_t now_ns) REQUIRES(mutex_);

  Mutex mutex_;
  ConditionVariable wake_;
  std::unordered_set<Watched*> watched_ GUARDED_BY(mutex_);
  bool close_idle_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_WATCHDOG_H_
