#include "net/watchdog.h"

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <vector>

namespace nightlight::net {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);

}  // namespace

int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Watchdog::~Watchdog() { stop(); }

void Watchdog::start() {
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void Watchdog::stop() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::add(Watched* watched) {
  MutexLock lock(mutex_);
  watched_.insert(watched);
  if (watched_.size() == 1) wake_.notify_all();
}

void Watchdog::remove(Watched* watched) {
  MutexLock lock(mutex_);
  watched_.erase(watched);
}

void Watchdog::close_idle() {
  MutexLock lock(mutex_);
  close_idle_ = true;
  look(steady_ns());
}

void Watchdog::close_all() {
  MutexLock lock(mutex_);
  for (Watched* watched : watched_) {
    watched->cancelled.store(1, std::memory_order_relaxed);
    ::shutdown(watched->fd, SHUT_RDWR);
  }
}

void Watchdog::run(const std::stop_token&) {
  MutexLock lock(mutex_);
  while (!stopping_) {
    // Without connections there is nothing to look at, and nothing wakes up.
    if (watched_.empty()) {
      wake_.wait(mutex_);
    } else {
      wake_.wait_until(mutex_, std::chrono::steady_clock::now() + kInterval);
    }
    if (!stopping_) look(steady_ns());
  }
}

void Watchdog::look(int64_t now_ns) {
  std::vector<pollfd> working;
  std::vector<Watched*> owners;
  for (Watched* watched : watched_) {
    bool idle = watched->idle.load(std::memory_order_acquire);
    if (watched->deadline_ns.load(std::memory_order_relaxed) <= now_ns) {
      watched->timed_out.store(true, std::memory_order_release);
      watched->cancelled.store(1, std::memory_order_relaxed);
      ::shutdown(watched->fd, SHUT_RDWR);
    } else if (idle && close_idle_) {
      ::shutdown(watched->fd, SHUT_RDWR);
    } else if (watched->working.load(std::memory_order_acquire)) {
      working.push_back(pollfd{watched->fd, POLLRDHUP, 0});
      owners.push_back(watched);
    }
  }
  if (working.empty() || ::poll(working.data(), working.size(), 0) <= 0) return;
  for (size_t i = 0; i < working.size(); ++i)
    if ((working[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
      owners[i]->cancelled.store(1, std::memory_order_relaxed);
}

}  // namespace nightlight::net
