// Who follows the server's notices. Each follower holds a thread and a connection of the listener for as long as it
// likes: their number is bounded, and all of them leave when the API stops.
#ifndef NIGHTLIGHT_PROMETHEUS_API_LIVE_READERS_H_
#define NIGHTLIGHT_PROMETHEUS_API_LIVE_READERS_H_

#include <chrono>
#include <cstdint>

#include "base/mutex.h"

namespace nightlight::prometheus_api {

class LiveReaders {
 public:
  // False when there are `limit` already, or all were sent home. Who is let in leaves.
  bool enter(uint64_t limit) EXCLUDES(mutex_);
  void leave() EXCLUDES(mutex_);

  // Waits. False once all were sent home, at once.
  bool pause(std::chrono::milliseconds length) EXCLUDES(mutex_);
  void send_home() EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  ConditionVariable going_home_;
  uint64_t inside_ GUARDED_BY(mutex_) = 0;
  bool sent_home_ GUARDED_BY(mutex_) = false;
};

}  // namespace nightlight::prometheus_api

#endif  // NIGHTLIGHT_PROMETHEUS_API_LIVE_READERS_H_
