// The queries of an engine: how many run at once, which they are, and ending one.
#ifndef NIGHTLIGHT_PROMQL_RUNNING_QUERIES_H_
#define NIGHTLIGHT_PROMQL_RUNNING_QUERIES_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "nightlight/host.h"

namespace nightlight::promql {

class RunningQueries {
 public:
  RunningQueries(Host* host, uint64_t most);
  ~RunningQueries();

  // One query, from when it is asked until its answer has been read.
  class Entry {
   public:
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Waits for a turn, once; who came first has it first. kDeadlineExceeded or kCancelled when that takes too long.
    Result<void> wait_for_turn(int64_t deadline_ns);
    // The evaluation is over; others may have the turn while this answer is read.
    void give_turn_back();

    const uint64_t id;
    const std::string text, client;
    const int64_t start_ms, start_ns;
    // Becomes non-zero when somebody ends the query, and a moment after its caller has gone. Read it atomically.
    const uint32_t& cancelled() const { return cancelled_; }

   private:
    friend class RunningQueries;
    Entry(RunningQueries& all, uint64_t number, std::string query, std::string who, const uint32_t* caller_cancelled);

    RunningQueries& all_;
    const uint32_t* const caller_cancelled_;
    uint32_t cancelled_ = 0;
    bool has_turn_ = false;   // Under all_.mutex_, as is the next.
    ConditionVariable turn_;  // It has, or should look why it does not.
  };

  // `caller_cancelled`, null or as in a CallContext, outlives the entry.
  std::unique_ptr<Entry> add(std::string text, std::string client, const uint32_t* caller_cancelled);
  // False: there is none with this id.
  bool cancel(uint64_t id);
  // [{"id","query","client","startMs","elapsedSeconds"}], oldest first.
  std::string json() const;
  uint64_t evaluating() const;
  uint64_t waiting() const;
  void set_most(uint64_t most);

 private:
  // Looks now and then whether callers have gone: nobody tells.
  void watch_callers();
  // Gives the turns that are free to those who wait.
  void give_turns() REQUIRES(mutex_);

  Host* const host_;
  mutable Mutex mutex_;
  ConditionVariable wake_;  // Of the watcher.
  bool stopping_ GUARDED_BY(mutex_) = false, asleep_ GUARDED_BY(mutex_) = false;
  uint64_t most_ GUARDED_BY(mutex_);
  uint64_t evaluating_ GUARDED_BY(mutex_) = 0;
  std::deque<Entry*> waiting_ GUARDED_BY(mutex_);  // The longest first.
  uint64_t last_id_ GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Entry*> entries_ GUARDED_BY(mutex_);
  std::thread watcher_;
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_RUNNING_QUERIES_H_
