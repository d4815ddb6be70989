#include "promql/exec/parallel_stream.h"

#include <algorithm>
#include <deque>
#include <new>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "promql/exec/column_room.h"

namespace nightlight::promql {
namespace {

constexpr uint64_t kLeastSeries = 128;  // Fewer are not divided.
constexpr uint64_t kFirstPart = 4, kLeastPerPart = 32, kMostPerPart = 256;
// To hand work over wakes threads, which takes tens of microseconds of each: what one thread has done sooner than that
// pays is not handed over.
constexpr int64_t kLeastWorthDividingNs = 1'000'000;
// Of the first part's time, so much is making ready.
constexpr int64_t kReadyNs = 50'000;
// The columns of a part are in memory at once, and so many parts.
constexpr uint64_t kMostBytesPerPart = 512 << 10;
constexpr unsigned kMostAhead = 32;

uint64_t most_per_part(uint64_t series, uint64_t steps, unsigned threads) {
  const uint64_t most = std::max<uint64_t>(kMostBytesPerPart / (std::max<uint64_t>(steps, 1) * sizeof(double)), 1);
  return std::min(std::clamp(series / (uint64_t{4} * threads), kLeastPerPart, kMostPerPart), most);
}

class ParallelStream;

// What computing parts takes, and where their columns are: of one part after the other, so that functions go on with
// what they know of timestamps, and memory is used again while it is in the cache.
struct Bench {
  Bench(QueryState& whole, const Domain& uncounted) : state(whole), domain(uncounted) {}

  // Forgets the last part.
  void clear(const Domain& uncounted) {
    state.arena.reset();
    state.notes.clear();
    state.held_samples = state.peak_samples = 0;
    domain.queryable_samples = uncounted.queryable_samples;
    domain.read_samples = uncounted.read_samples;
  }

  QueryState state;
  Domain domain;
  VectorStreamPtr series;  // Goes before what it refers to.
};

// The series [first, first + count). The consumer owns its result; while it is being computed, the thread that does so.
struct Part {
  enum class Stage { kWaiting, kRunning, kDone };

  Part(ParallelStream& of, uint64_t from, uint64_t so_many) : stream(of), first(from), count(so_many) {}
  void compute();
  Result<void> compute_columns();

  ParallelStream& stream;  // Not to be used once the stage is kDone.
  const uint64_t first, count;
  std::unique_ptr<Bench> bench;
  // Columns, and what was held while each was computed.
  std::vector<const Column*> columns;
  std::vector<int64_t> held_samples;
  std::optional<Error> error;  // After the columns.

  Mutex mutex;
  ConditionVariable done;
  Stage stage GUARDED_BY(mutex) = Stage::kWaiting;

  // Whether the part was waiting, and is the caller's to compute from now on.
  bool claim() {
    MutexLock lock(mutex);
    return stage == Stage::kWaiting ? (stage = Stage::kRunning, true) : false;
  }
  void finish() {
    MutexLock lock(mutex);
    stage = Stage::kDone;
    done.notify_all();
  }
  bool is_done() {
    MutexLock lock(mutex);
    return stage == Stage::kDone;
  }
  void wait() {
    MutexLock lock(mutex);
    while (stage != Stage::kDone) done.wait(mutex);
  }
};

class PartTask final : public Task {
 public:
  explicit PartTask(std::shared_ptr<Part> part) : part_(std::move(part)) {}
  void run() noexcept override {
    if (part_->claim()) part_->compute();
    delete this;
  }

 private:
  const std::shared_ptr<Part> part_;
};

class ParallelStream final : public VectorStream {
 public:
  ParallelStream(QueryState& state, Domain& domain, std::unique_ptr<const Divisible> whole, Keep keep)
      : state_(state),
        domain_(domain),
        uncounted_(domain),
        whole_(std::move(whole)),
        keep_(keep),
        series_(whole_->size()),
        most_per_part_(most_per_part(series_, domain.steps(), state.options.threads)),
        most_ahead_(std::min(2 * state.options.threads, kMostAhead)),
        per_part_(std::min(kFirstPart, most_per_part_)) {
    std::fill(uncounted_.queryable_samples.begin(), uncounted_.queryable_samples.end(), 0);
    std::fill(uncounted_.read_samples.begin(), uncounted_.read_samples.end(), 0);
  }

  ~ParallelStream() override {
    // A task that comes too late may hold its part for longer than the query lives.
    if (current_ != nullptr) current_->bench.reset();
    state_.held_samples -= held_;
    for (const std::shared_ptr<Part>& part : ahead_) {
      if (part->claim()) {
        part->finish();
      } else {
        part->wait();
      }
      part->bench.reset();
    }
  }

  Result<const Column*> next() override {
    while (true) {
      state_.held_samples -= std::exchange(held_, 0);
      if (current_ != nullptr && at_ < current_->columns.size()) {
        held_ = current_->held_samples[at_];
        NIGHTLIGHT_TRY(state_.charge(held_));
        const Column* column = current_->columns[at_++];
        if (keep_ == Keep::kForQuery) NIGHTLIGHT_TRY(state_.charge(sample_count(*column, domain_)));
        return column;
      }
      if (current_ != nullptr && current_->bench != nullptr) {
        held_ = current_->bench->state.peak_samples;  // Of series without a result.
        NIGHTLIGHT_TRY(state_.charge(held_));
      }
      if (current_ != nullptr && current_->error) return *current_->error;
      retire();
      start_parts();
      if (ahead_.empty()) return nullptr;
      current_ = std::move(ahead_.front());
      ahead_.pop_front();
      at_ = 0;
      complete_current();
      account();
    }
  }

  bool distinct_without_name() const override { return whole_->distinct_without_name(); }

 private:
  friend struct Part;

  // Twice as many parts as threads are on their way or ready. Until others are worth waking, one, for this thread.
  void start_parts() {
    while (started_ < series_ && ahead_.size() < most_ahead_) {
      const uint64_t count = std::min(per_part_, series_ - started_);
      auto part = std::make_shared<Part>(*this, started_, count);
      started_ += count;
      ahead_.push_back(part);
      if (!shared_) return;
      auto* task = new PartTask(std::move(part));
      if (Status status = state_.host->submit(task); !status.ok()) delete task;  // Whoever needs it first computes it.
    }
  }

  // As long as another thread has the current part, this one computes those that come after it: it would only sleep.
  void complete_current() {
    if (!shared_) return compute_alone();
    if (current_->claim()) return current_->compute();
    for (const std::shared_ptr<Part>& part : ahead_) {
      if (current_->is_done()) return;
      if (part->claim()) part->compute();
    }
    current_->wait();
  }

  // What the series of this part take tells whether those that are left should be shared.
  void compute_alone() {
    const bool first = current_->first == 0;
    const int64_t begin_ns = state_.host->monotonic_ns();
    current_->compute();
    const int64_t took_ns = state_.host->monotonic_ns() - begin_ns - (first ? kReadyNs : 0);
    const int64_t series_ns = std::max<int64_t>(took_ns, 0) / static_cast<int64_t>(current_->count);
    const auto left = static_cast<int64_t>(series_ - started_);
    shared_ = left > 0 && series_ns >= kLeastWorthDividingNs / left;
    per_part_ = first && !shared_ ? std::min(kLeastPerPart, most_per_part_) : most_per_part_;
  }

  // What the part has counted and said, as if it had happened here.
  void account() {
    if (current_->bench == nullptr) return;
    state_.notes.add_all(current_->bench->state.notes);
    const Domain& counted = current_->bench->domain;
    for (uint64_t step = 0; step < domain_.steps(); ++step) {
      domain_.queryable_samples[step] += counted.queryable_samples[step];
      domain_.read_samples[step] += counted.read_samples[step];
    }
  }

  void retire() {
    if (current_ != nullptr && current_->bench != nullptr) {
      std::unique_ptr<Bench> bench = std::move(current_->bench);
      if (keep_ == Keep::kForQuery) {
        bench->series.reset();
        const std::shared_ptr<Bench> kept = std::move(bench);
        state_.parts.emplace_back(kept, &kept->state);
      } else {
        bench->clear(uncounted_);
        MutexLock lock(benches_mutex_);
        benches_.push_back(std::move(bench));
      }
    }
    current_.reset();
  }

  // [any] One that was used before, if any is idle.
  Result<std::unique_ptr<Bench>> take_bench() {
    {
      MutexLock lock(benches_mutex_);
      if (!benches_.empty()) {
        std::unique_ptr<Bench> bench = std::move(benches_.back());
        benches_.pop_back();
        return bench;
      }
    }
    auto bench = std::make_unique<Bench>(state_, uncounted_);
    // A column that the consumer does not keep counts nowhere.
    const Keep keep = keep_ == Keep::kUntilNext ? Keep::kUncharged : keep_;
    NIGHTLIGHT_ASSIGN(series, whole_->part(bench->state, bench->domain, keep));
    bench->series = std::move(series);
    return bench;
  }

  QueryState& state_;
  Domain& domain_;
  Domain uncounted_;  // What parts begin with; does not change.
  const std::unique_ptr<const Divisible> whole_;
  const Keep keep_;
  const uint64_t series_, most_per_part_;
  const size_t most_ahead_;
  uint64_t per_part_;
  bool shared_ = false;  // With other threads.
  uint64_t started_ = 0;
  Mutex benches_mutex_;
  std::vector<std::unique_ptr<Bench>> benches_ GUARDED_BY(benches_mutex_);  // Idle.
  std::deque<std::shared_ptr<Part>> ahead_;
  std::shared_ptr<Part> current_;
  size_t at_ = 0;
  int64_t held_ = 0;
};

void Part::compute() {
  try {
    if (Result<void> computed = compute_columns(); !computed.ok()) error = std::move(computed).error();
  } catch (const std::bad_alloc&) {
    error = Error{Code::kResourceExhausted, "out of memory"};
  }
  finish();
}

Result<void> Part::compute_columns() {
  NIGHTLIGHT_ASSIGN(taken, stream.take_bench());
  bench = std::move(taken);
  QueryState& state = bench->state;
  NIGHTLIGHT_TRY(bench->series->move_to(first, count));
  while (true) {
    NIGHTLIGHT_ASSIGN(column, bench->series->next());
    if (column == nullptr) return {};
    // The column itself is charged by the consumer, if it keeps it.
    const int64_t samples = stream.keep_ == Keep::kForQuery ? sample_count(*column, bench->domain) : 0;
    state.held_samples -= samples;
    held_samples.push_back(std::exchange(state.peak_samples, 0) - samples);
    columns.push_back(column);
  }
}

}  // namespace

bool is_worth_dividing(const QueryState& state, uint64_t series) {
  return state.options.threads > 1 && series >= kLeastSeries;
}

VectorStreamPtr divide(QueryState& state, Domain& domain, std::unique_ptr<const Divisible> whole, Keep keep) {
  return std::make_unique<ParallelStream>(state, domain, std::move(whole), keep);
}

}  // namespace nightlight::promql
