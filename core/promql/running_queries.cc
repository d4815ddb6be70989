#include "promql/running_queries.h"

#include <chrono>

#include "promql/json_text.h"

namespace nightlight::promql {
namespace {

// How often a waiting query looks whether its caller has gone: nobody tells.
constexpr std::chrono::milliseconds kGlance(50);

}  // namespace

RunningQueries::Entry::Entry(RunningQueries& all, uint64_t number, std::string query, std::string who)
    : id(number),
      text(std::move(query)),
      client(std::move(who)),
      start_ms(all.host_->now_ms()),
      start_ns(all.host_->monotonic_ns()),
      all_(all) {}

RunningQueries::Entry::~Entry() {
  give_turn_back();
  MutexLock lock(all_.mutex_);
  all_.entries_.erase(id);
}

Result<void> RunningQueries::Entry::wait_for_turn(int64_t deadline_ns, const uint32_t* caller_cancelled) {
  MutexLock lock(all_.mutex_);
  ++all_.waiting_;
  Result<void> out;
  while (all_.evaluating_ >= all_.most_) {
    bool gone = caller_cancelled != nullptr && __atomic_load_n(caller_cancelled, __ATOMIC_RELAXED) != 0;
    if (gone || __atomic_load_n(&cancelled, __ATOMIC_RELAXED) != 0) {
      out = Error{Code::kCancelled, "query was canceled in query queue"};
      break;
    }
    if (all_.host_->monotonic_ns() >= deadline_ns) {
      out = Error{Code::kDeadlineExceeded, "query timed out in query queue"};
      break;
    }
    all_.turn_.wait_until(all_.mutex_, std::chrono::steady_clock::now() + kGlance);
  }
  --all_.waiting_;
  if (out.ok()) {
    has_turn_ = true;
    ++all_.evaluating_;
  }
  return out;
}

void RunningQueries::Entry::give_turn_back() {
  MutexLock lock(all_.mutex_);
  if (!has_turn_) return;
  has_turn_ = false;
  --all_.evaluating_;
  all_.turn_.notify_one();
}

std::unique_ptr<RunningQueries::Entry> RunningQueries::add(std::string text, std::string client) {
  MutexLock lock(mutex_);
  std::unique_ptr<Entry> entry(new Entry(*this, ++last_id_, std::move(text), std::move(client)));
  entries_[entry->id] = entry.get();
  return entry;
}

bool RunningQueries::cancel(uint64_t id) {
  MutexLock lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  __atomic_store_n(&found->second->cancelled, 1, __ATOMIC_RELAXED);
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
  return waiting_;
}

void RunningQueries::set_most(uint64_t most) {
  MutexLock lock(mutex_);
  most_ = most;
  turn_.notify_all();
}

}  // namespace nightlight::promql
