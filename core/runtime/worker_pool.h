// The host's threads for work that instances hand over, behind a bounded queue.
#ifndef NIGHTLIGHT_RUNTIME_WORKER_POOL_H_
#define NIGHTLIGHT_RUNTIME_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "nightlight/host.h"

namespace nightlight::runtime {

class WorkerPool {
 public:
  WorkerPool(size_t threads, size_t queue_capacity);
  // Runs what is still queued.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // [any] kOk, kResourceExhausted (queue full) or kUnavailable (after refuse); then the task is not run. `instance` is
  // who hands it over, and outlives it.
  Code submit(Task* task, const char* instance);
  // [any] From now on submit answers kUnavailable. What is queued still runs.
  void refuse();

 private:
  struct Work {
    Task* task;
    const char* instance;
  };

  void work();

  const size_t capacity_;
  Mutex mutex_;
  ConditionVariable wake_;
  std::deque<Work> queue_ GUARDED_BY(mutex_);
  bool refusing_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace nightlight::runtime

#endif  // NIGHTLIGHT_RUNTIME_WORKER_POOL_H_
