// std::mutex with clang's thread-safety annotations, so that -Wthread-safety proves which lock guards what.
#ifndef NIGHTLIGHT_BASE_MUTEX_H_
#define NIGHTLIGHT_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define NIGHTLIGHT_ANNOTATION(x) __attribute__((x))
#else
#define NIGHTLIGHT_ANNOTATION(x)
#endif

#define CAPABILITY(x) NIGHTLIGHT_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY NIGHTLIGHT_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) NIGHTLIGHT_ANNOTATION(guarded_by(x))
#define PT_GUARDED_BY(x) NIGHTLIGHT_ANNOTATION(pt_guarded_by(x))
#define REQUIRES(...) NIGHTLIGHT_ANNOTATION(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) NIGHTLIGHT_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...) NIGHTLIGHT_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) NIGHTLIGHT_ANNOTATION(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) NIGHTLIGHT_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define RELEASE(...) NIGHTLIGHT_ANNOTATION(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) NIGHTLIGHT_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS NIGHTLIGHT_ANNOTATION(no_thread_safety_analysis)

namespace nightlight {

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }
  bool try_lock() NIGHTLIGHT_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex that the caller holds.
class ConditionVariable {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
  // False when `deadline` passed first.
  template <class Clock, class Duration>
  bool wait_until(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& deadline) REQUIRES(mutex) {
    return condition_.wait_until(mutex, deadline) == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

class CAPABILITY("shared_mutex") SharedMutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }
  void lock_shared() ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriterLock() RELEASE() { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex_.lock_shared(); }
  ~ReaderLock() RELEASE() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace nightlight

#endif  // NIGHTLIGHT_BASE_MUTEX_H_
