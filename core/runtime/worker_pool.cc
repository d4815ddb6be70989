#include "runtime/worker_pool.h"

#include <pthread.h>

#include "runtime/breadcrumb.h"

namespace nightlight::runtime {

WorkerPool::WorkerPool(size_t threads, size_t queue_capacity) : capacity_(queue_capacity) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    pthread_setname_np(threads_.back().native_handle(), "nightlight-work");
  }
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    refusing_ = ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Code WorkerPool::submit(Task* task, const char* instance) {
  {
    MutexLock lock(mutex_);
    if (refusing_) return Code::kUnavailable;
    if (queue_.size() >= capacity_) return Code::kResourceExhausted;
    queue_.push_back(Work{task, instance});
  }
  wake_.notify_one();
  return Code::kOk;
}

void WorkerPool::refuse() {
  MutexLock lock(mutex_);
  refusing_ = true;
}

void WorkerPool::work() {
  while (true) {
    Work next{};
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !ending_) wake_.wait(mutex_);
      if (queue_.empty()) return;
      next = queue_.front();
      queue_.pop_front();
    }
    Breadcrumb crumb(next.instance, "run a task");
    next.task->run();
  }
}

}  // namespace nightlight::runtime
