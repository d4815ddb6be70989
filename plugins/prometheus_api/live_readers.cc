#include "prometheus_api/live_readers.h"

namespace nightlight::prometheus_api {

bool LiveReaders::enter(uint64_t limit) {
  MutexLock lock(mutex_);
  if (sent_home_ || inside_ >= limit) return false;
  ++inside_;
  return true;
}

void LiveReaders::leave() {
  MutexLock lock(mutex_);
  --inside_;
}

bool LiveReaders::pause(std::chrono::milliseconds length) {
  auto until = std::chrono::steady_clock::now() + length;
  MutexLock lock(mutex_);
  while (!sent_home_ && going_home_.wait_until(mutex_, until)) {
  }
  return !sent_home_;
}

void LiveReaders::send_home() {
  MutexLock lock(mutex_);
  sent_home_ = true;
  going_home_.notify_all();
}

}  // namespace nightlight::prometheus_api
