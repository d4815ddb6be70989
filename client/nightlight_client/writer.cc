#include "nightlight_client/writer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <string_view>
#include <thread>

namespace nightlight::client {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t samples_of(const WriteSeries& series) {
  return series.samples.size() + series.histograms.size() + series.exemplars.size();
}

Error invalid(const WriteSeries& series, const std::string& what) {
  return Error{Code::kInvalidArgument, "series " + to_string(series.labels) + ": " + what, "", 0};
}

// What the server would refuse a whole batch for.
Result<void> check(const WriteSeries& series) {
  std::set<std::string_view> names;
  for (const Label& label : series.labels) {
    if (label.name.empty()) return invalid(series, "has a label without a name");
    if (!names.insert(label.name).second) return invalid(series, "label \"" + label.name + "\" is given twice");
  }
  bool named = std::any_of(series.labels.begin(), series.labels.end(),
                           [](const Label& label) { return label.name == "__name__" && !label.value.empty(); });
  if (!named) return invalid(series, "has no metric name (label __name__)");
  if (!series.start_timestamps_ms.empty() && series.start_timestamps_ms.size() != series.samples.size()) {
    return invalid(series, "start_timestamps_ms must be empty or as long as samples");
  }
  if (samples_of(series) == 0) return invalid(series, "has no samples");
  return {};
}

// Pieces of at most `most` samples each, in order of time; exemplars go with the last.
std::vector<WriteSeries> split(WriteSeries series, uint64_t most) {
  std::vector<WriteSeries> out;
  if (samples_of(series) <= most) {
    out.push_back(std::move(series));
    return out;
  }
  for (size_t at = 0; at < series.samples.size(); at += most) {
    size_t end = std::min<size_t>(series.samples.size(), at + most);
    WriteSeries& piece = out.emplace_back();
    piece.labels = series.labels;
    piece.samples.assign(series.samples.begin() + static_cast<ptrdiff_t>(at),
                         series.samples.begin() + static_cast<ptrdiff_t>(end));
    if (!series.start_timestamps_ms.empty()) {
      piece.start_timestamps_ms.assign(series.start_timestamps_ms.begin() + static_cast<ptrdiff_t>(at),
                                       series.start_timestamps_ms.begin() + static_cast<ptrdiff_t>(end));
    }
  }
  for (size_t at = 0; at < series.histograms.size(); at += most) {
    size_t end = std::min<size_t>(series.histograms.size(), at + most);
    WriteSeries& piece = out.emplace_back();
    piece.labels = series.labels;
    piece.histograms.assign(series.histograms.begin() + static_cast<ptrdiff_t>(at),
                            series.histograms.begin() + static_cast<ptrdiff_t>(end));
  }
  if (out.empty()) out.emplace_back().labels = series.labels;
  out.back().exemplars = std::move(series.exemplars);
  return out;
}

size_t hash_of(const Labels& labels) {
  size_t out = 0;
  for (const Label& label : labels) {
    // A sum, so that the order of labels does not matter.
    out += std::hash<std::string>{}(label.name) * 31 + std::hash<std::string>{}(label.value);
  }
  return out;
}

}  // namespace

class Writer::Lanes {
 public:
  Lanes(Client client, WriterOptions options) : client_(std::move(client)), options_(std::move(options)) {
    options_.max_batch_samples = std::max<uint64_t>(options_.max_batch_samples, 1);
    options_.max_queued_samples = std::max(options_.max_queued_samples, options_.max_batch_samples);
    options_.min_backoff = std::max(options_.min_backoff, std::chrono::milliseconds(1));
    options_.max_backoff = std::max(options_.max_backoff, options_.min_backoff);
    lanes_ = std::vector<Lane>(std::max(options_.lanes, 1u));
    for (Lane& lane : lanes_) lane.thread = std::thread([this, &lane] { run(lane); });
  }

  ~Lanes() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (Lane& lane : lanes_) lane.thread.join();
  }

  Result<void> add(WriteSeries series, std::chrono::milliseconds patience) {
    if (Result<void> checked = check(series); !checked.ok()) return checked;
    uint64_t samples = samples_of(series);
    Lane& lane = lanes_[hash_of(series.labels) % lanes_.size()];
    std::vector<WriteSeries> pieces = split(std::move(series), options_.max_batch_samples);
    std::unique_lock lock(mutex_);
    if (Result<void> room = wait_for_room(lock, samples, patience); !room.ok()) return room;
    for (WriteSeries& piece : pieces) {
      uint64_t weight = samples_of(piece);
      queue(lane, {std::move(piece), std::nullopt, weight, Clock::now()});
    }
    stats_.added_samples += samples;
    stats_.queued_samples += samples;
    return {};
  }

  Result<void> add(Metadata metadata, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (Result<void> room = wait_for_room(lock, 1, patience); !room.ok()) return room;
    queue(lanes_.front(), {{}, std::move(metadata), 1, Clock::now()});
    return {};
  }

  Result<void> flush(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    std::vector<uint64_t> until;
    for (Lane& lane : lanes_) {
      lane.flush_until = lane.added;
      until.push_back(lane.added);
    }
    wake_.notify_all();
    bool all = settled_.wait_for(lock, patience, [&] {
      for (size_t i = 0; i < lanes_.size(); ++i) {
        if (lanes_[i].settled < until[i]) return false;
      }
      return true;
    });
    if (!all) {
      return Error{Code::kDeadlineExceeded,
                   std::to_string(stats_.queued_samples) + " samples still wait for the server" +
                       (last_problem_.empty() ? "" : ": " + last_problem_),
                   "", 0};
    }
    if (std::optional<Error> lost = std::exchange(first_loss_, std::nullopt)) return *std::move(lost);
    return {};
  }

  WriterStats stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  struct Queued {
    WriteSeries series;
    std::optional<Metadata> metadata;  // Instead of the series.
    uint64_t weight;
    Clock::time_point since;
  };
  struct Lane {
    std::thread thread;
    std::deque<Queued> queue;
    uint64_t weight = 0;
    // Counts of entries: taken by `add`, with a known fate, wanted by a flush.
    uint64_t added = 0, settled = 0, flush_until = 0;
  };
  struct Taken {
    WriteBatch batch;
    uint64_t weight = 0, samples = 0, entries = 0;
  };

  Result<void> wait_for_room(std::unique_lock<std::mutex>& lock, uint64_t weight, std::chrono::milliseconds patience) {
    // One that is larger than the queue has it to itself.
    auto has_room = [&] { return weight_ == 0 || weight_ + weight <= options_.max_queued_samples; };
    if (settled_.wait_for(lock, patience, has_room)) return {};
    return Error{Code::kResourceExhausted,
                 "the queue is full (" + std::to_string(stats_.queued_samples) + " samples wait for the server)" +
                     (last_problem_.empty() ? "" : ": " + last_problem_),
                 "", 0};
  }

  void queue(Lane& lane, Queued entry) {
    lane.weight += entry.weight;
    weight_ += entry.weight;
    lane.queue.push_back(std::move(entry));
    ++lane.added;
    wake_.notify_all();
  }

  void run(Lane& lane) {
    std::unique_lock lock(mutex_);
    while (wait_for_work(lock, lane)) {
      Taken taken = take(lane);
      lock.unlock();
      BatchOutcome outcome = send(std::move(taken.batch));
      if (options_.on_batch) options_.on_batch(outcome);
      lock.lock();
      lane.settled += taken.entries;
      weight_ -= taken.weight;
      settle(outcome, taken.samples);
      settled_.notify_all();
    }
  }

  // False: the writer ends.
  bool wait_for_work(std::unique_lock<std::mutex>& lock, const Lane& lane) {
    while (!stopping_) {
      if (lane.queue.empty()) {
        wake_.wait(lock);
        continue;
      }
      Clock::time_point due = lane.queue.front().since + options_.max_batch_age;
      if (lane.weight >= options_.max_batch_samples || lane.flush_until > lane.settled || Clock::now() >= due) {
        return true;
      }
      wake_.wait_until(lock, due);
    }
    return false;
  }

  Taken take(Lane& lane) const {
    Taken out;
    while (!lane.queue.empty()) {
      Queued& entry = lane.queue.front();
      if (out.entries > 0 && out.weight + entry.weight > options_.max_batch_samples) break;
      out.weight += entry.weight;
      ++out.entries;
      if (entry.metadata) {
        out.batch.metadata.push_back(*std::move(entry.metadata));
      } else {
        out.samples += entry.weight;
        out.batch.series.push_back(std::move(entry.series));
      }
      lane.queue.pop_front();
    }
    lane.weight -= out.weight;
    return out;
  }

  BatchOutcome send(WriteBatch batch) {
    BatchOutcome out;
    out.batch = std::move(batch);
    Clock::time_point began = Clock::now();
    std::chrono::milliseconds bound = options_.min_backoff;
    while (true) {
      ++out.attempts;
      Result<WriteAck> ack = client_.write(out.batch, {.timeout = options_.timeout});
      if (ack.ok()) {
        out.ack = *std::move(ack);
        return out;
      }
      out.error = ack.error();
      bool patient = options_.give_up_after.count() == 0 || Clock::now() - began < options_.give_up_after;
      if (!out.error.may_succeed_later() || !patient || !pause(bound, out.error)) return out;
      bound = std::min(bound * 2, options_.max_backoff);
    }
  }

  // Waits before a repeat. False: the writer ends.
  bool pause(std::chrono::milliseconds bound, const Error& why) {
    std::unique_lock lock(mutex_);
    ++stats_.repeats;
    last_problem_ = why.text();
    std::chrono::milliseconds wait(std::uniform_int_distribution<int64_t>(0, bound.count())(random_));
    wait += std::chrono::milliseconds(why.retry_after_ms);
    Clock::time_point until = Clock::now() + wait;
    while (!stopping_ && Clock::now() < until) wake_.wait_until(lock, until);
    return !stopping_;
  }

  void settle(const BatchOutcome& outcome, uint64_t samples) {
    ++stats_.batches;
    stats_.queued_samples -= samples;
    if (outcome.ack) {
      const WriteAck& ack = *outcome.ack;
      stats_.written_samples += ack.samples_written + ack.histograms_written + ack.exemplars_written;
      stats_.rejected_samples += ack.rejected;
      last_problem_.clear();
    } else {
      stats_.lost_samples += samples;
      last_problem_ = outcome.error.text();
      if (!first_loss_) first_loss_ = outcome.error;
    }
  }

  const Client client_;
  WriterOptions options_;
  mutable std::mutex mutex_;
  // wake_: something for the lanes to look at. settled_: a batch has its fate, so there is room.
  std::condition_variable wake_, settled_;
  std::vector<Lane> lanes_;
  uint64_t weight_ = 0;  // Of everything without a fate.
  WriterStats stats_;
  std::optional<Error> first_loss_;
  std::string last_problem_;
  std::mt19937_64 random_{std::random_device{}()};
  bool stopping_ = false;
};

Writer::Writer(Client client, WriterOptions options)
    : lanes_(std::make_unique<Lanes>(std::move(client), std::move(options))) {}

Writer::~Writer() = default;

Result<void> Writer::add(WriteSeries series, std::chrono::milliseconds patience) {
  return lanes_->add(std::move(series), patience);
}

Result<void> Writer::add(Metadata metadata, std::chrono::milliseconds patience) {
  return lanes_->add(std::move(metadata), patience);
}

Result<void> Writer::flush(std::chrono::milliseconds patience) { return lanes_->flush(patience); }

WriterStats Writer::stats() const { return lanes_->stats(); }

}  // namespace nightlight::client
