#include "runtime/watchdog.h"

namespace nightlight::runtime {

Watchdog::Watchdog(std::function<void(const std::string&)> overrun)
    : overrun_(std::move(overrun)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::arm(Clock::time_point deadline, std::string what) {
  {
    MutexLock lock(mutex_);
    armed_ = true;
    deadline_ = deadline;
    what_ = std::move(what);
  }
  wake_.notify_all();
}

void Watchdog::disarm() {
  MutexLock lock(mutex_);
  armed_ = false;
}

void Watchdog::watch() {
  std::string late;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!ending_ && !armed_) wake_.wait(mutex_);
      if (ending_) return;
      if (Clock::now() < deadline_) {
        wake_.wait_until(mutex_, deadline_);
        continue;
      }
      armed_ = false;
      late = what_;
    }
    overrun_(late);
  }
}

}  // namespace nightlight::runtime
