#include "promql/running_queries.h"

#include <chrono>
#include <utility>

#include "promql/json_text.h"

namespace nightlight::promql {
namespace {

constexpr std::chrono::milliseconds kGlance(50);

bool is_set(const uint32_t* flag) { return flag != nullptr && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; }

}  // namespace

RunningQueries::RunningQueries(Host* host, uint64_t most)
    : host_(host), most_(most), watcher_([this] { watch_callers(); }) {}

RunningQueries::~RunningQueries() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  watcher_.join();
}

void RunningQueries::watch_callers() {
  MutexLock lock(mutex_);
  uint64_t last_seen = 0;
  while (!stopping_) {
    // Asleep when none came for a glance, not between any two: waking it costs as much as a small query.
    asleep_ = entries_.empty() && last_id_ == last_seen;
    if (asleep_) {
      wake_.wait(mutex_);
      continue;
    }
    last_seen = last_id_;
    wake_.wait_until(mutex_, std::chrono::steady_clock::now() + kGlance);
    for (const auto& [id, entry] : entries_) {
      if (!is_set(entry->caller_cancelled_)) continue;
      __atomic_store_n(&entry->cancelled_, 1, __ATOMIC_RELAXED);
      entry->turn_.notify_one();
    }
  }
}

void RunningQueries::give_turns() {
  while (evaluating_ < most_ && !waiting_.empty()) {
    Entry& next = *waiting_.front();
    waiting_.pop_front();
    next.has_turn_ = true;
    ++evaluating_;
    next.turn_.notify_one();
  }
}

RunningQueries::Entry::Entry(RunningQueries& all, uint64_t number, std::string query, std::string who,
                             const uint32_t* caller_cancelled)
    : id(number),
      text(std::move(query)),
      client(std::move(who)),
      start_ms(all.host_->now_ms()),
      start_ns(all.host_->monotonic_ns()),
      all_(all),
      caller_cancelled_(caller_cancelled) {}

RunningQueries::Entry::~Entry() {
  give_turn_back();
  MutexLock lock(all_.mutex_);
  all_.entries_.erase(id);
}

Result<void> RunningQueries::Entry::wait_for_turn(int64_t deadline_ns) {
  MutexLock lock(all_.mutex_);
  all_.waiting_.push_back(this);
  all_.give_turns();
  while (!has_turn_) {
    const bool ended = is_set(&cancelled_) || is_set(caller_cancelled_);
    if (ended || all_.host_->monotonic_ns() >= deadline_ns) {
      std::erase(all_.waiting_, this);
      return ended ? Error{Code::kCancelled, "query was canceled in query queue"}
                   : Error{Code::kDeadlineExceeded, "query timed out in query queue"};
    }
    turn_.wait_until(all_.mutex_, std::chrono::steady_clock::now() + kGlance);
  }
  return {};
}

void RunningQueries::Entry::give_turn_back() {
  MutexLock lock(all_.mutex_);
  if (!has_turn_) return;
  has_turn_ = false;
  --all_.evaluating_;
  all_.give_turns();
}

std::unique_ptr<RunningQueries::Entry> RunningQueries::add(std::string text, std::string client,
                                                           const uint32_t* caller_cancelled) {
  // An entry's end takes the lock, and comes when the map finds no memory: the entry outlives this function's hold.
  std::unique_ptr<Entry> entry;
  MutexLock lock(mutex_);
  entry.reset(new Entry(*this, ++last_id_, std::move(text), std::move(client), caller_cancelled));
  entries_[entry->id] = entry.get();
  if (std::exchange(asleep_, false)) wake_.notify_one();
  return entry;
}

bool RunningQueries::cancel(uint64_t id) {
  MutexLock lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  __atomic_store_n(&found->second->cancelled_, 1, __ATOMIC_RELAXED);
  found->second->turn_.notify_one();
  return true;
}

std::string RunningQueries::json() const {
  MutexLock lock(mutex_);
  std::string out = "[";
  const int64_t now_ns = host_->monotonic_ns();
  for (const auto& [id, entry] : entries_) {
    if (out.size() > 1) out += ',';
    out += "{\"id\":" + std::to_string(id) + ",\"query\":" + json_string(entry->text) +
           ",\"client\":" + json_string(entry->client) + ",\"startMs\":" + std::to_string(entry->start_ms) +
           ",\"elapsedSeconds\":" + json_number(static_cast<double>(now_ns - entry->start_ns) / 1e9) + "}";
  }
  return out + "]";
}

uint64_t RunningQueries::evaluating() const {
  MutexLock lock(mutex_);
  return evaluating_;
}

uint64_t RunningQueries::waiting() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

void RunningQueries::set_most(uint64_t most) {
  MutexLock lock(mutex_);
  most_ = most;
  give_turns();
}

}  // namespace nightlight::promql
