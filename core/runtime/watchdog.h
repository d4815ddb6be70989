// A deadline for something that the control thread is about to do and that might never return.
#ifndef NIGHTLIGHT_RUNTIME_WATCHDOG_H_
#define NIGHTLIGHT_RUNTIME_WATCHDOG_H_

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace nightlight::runtime {

class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  // `overrun` is called on the watchdog's thread, at most once for each arm.
  explicit Watchdog(std::function<void(const std::string& what)> overrun);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(Clock::time_point deadline, std::string what);
  void disarm();

 private:
  void watch();

  const std::function<void(const std::string& what)> overrun_;
  Mutex mutex_;
  ConditionVariable wake_;
  bool armed_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
  Clock::time_point deadline_ GUARDED_BY(mutex_);
  std::string what_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_WATCHDOG_H_
