// nightlight-load: writes a made-up fleet's series to a remote-write endpoint, as fast as it can or at a rate, and
// counts what was acknowledged. Beside the writers, dashboards may read.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/NetSSL.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <thread>

#include "latencies.h"
#include "reader.h"
#include "sender.h"
#include "series.h"

namespace nightlight::load {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string url = "http://127.0.0.1:9101/api/v1/write";
  Target target;
  uint64_t series = 10'000, ticks = 0, batch = 2000, senders = 2, seed = 1;
  double rate = 0;           // Samples a second of all senders; 0: no limit.
  double churn_percent = 0;  // Series replaced per simulated hour.
  int64_t step_ms = 15'000, start_ms = 0;
  double give_up_s = 60;
  double seconds = 0;  // 0: until all ticks are written.
  std::string journal;
  uint64_t readers = 0;
  std::string query_url;
  Dashboard dashboard;
};

struct Totals {
  std::atomic<uint64_t> samples{0}, requests{0}, bytes{0}, retries{0}, refused{0};
  std::atomic<int64_t> newest_ms{0};  // What readers look at: the time of an acknowledged sample.
};

// What has been acknowledged: a line "timestamp_ms tick first_series count" per request, written after the answer.
class Journal {
 public:
  explicit Journal(const std::string& path)
      : file_(path.empty() ? -1 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {}
  ~Journal() {
    if (file_ >= 0) ::close(file_);
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  bool ok() const { return file_ >= 0; }
  void acked(int64_t timestamp_ms, uint64_t tick, uint64_t first, uint64_t count) const {
    if (file_ < 0) return;
    char line[96];
    int size = std::snprintf(line, sizeof line, "%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", timestamp_ms, tick,
                             first, count);
    if (::write(file_, line, static_cast<size_t>(size)) != size) std::perror("journal");
  }

 private:
  int file_;
};

// A sender owns the series [first, end): those of one series are written in order.
class Sender {
 public:
  Sender(const Options& options, const Fleet& fleet, uint64_t first, uint64_t end, Totals* totals,
         const Journal* journal)
      : options_(options), fleet_(fleet), first_(first), end_(end), totals_(totals), journal_(journal) {
    for (uint64_t i = first; i < end; ++i) {
      specs_.push_back(fleet_.series(i));
      labels_.push_back(encode_labels(specs_.back().labels));
      specs_.back().labels = {};  // Encoded; not needed any more.
    }
    generations_.resize(specs_.size());
  }

  void run() {
    session_ = connect(options_.target);
    started_ = Clock::now();
    for (uint64_t tick = 0; tick < options_.ticks; ++tick) {
      churn();
      for (uint64_t at = first_; at < end_; at += options_.batch) {
        if (options_.seconds > 0 && Clock::now() - started_ > std::chrono::duration<double>(options_.seconds)) return;
        uint64_t count = std::min(options_.batch, end_ - at);
        if (!send(tick, at, count)) return;
      }
    }
  }
  const Latencies& latencies() const { return latencies_; }

 private:
  void churn() {
    double hours = static_cast<double>(options_.step_ms) / 3'600'000;
    churn_due_ += static_cast<double>(specs_.size()) * options_.churn_percent / 100 * hours;
    for (; churn_due_ >= 1; churn_due_ -= 1) {
      size_t k = churn_next_++ % specs_.size();
      SeriesSpec spec = fleet_.series(first_ + k, ++generations_[k]);
      labels_[k] = encode_labels(spec.labels);
    }
  }

  bool send(uint64_t tick, uint64_t at, uint64_t count) {
    int64_t timestamp_ms = options_.start_ms + static_cast<int64_t>(tick) * options_.step_ms;
    request_.clear();
    for (uint64_t i = at; i < at + count; ++i) {
      const SeriesSpec& spec = specs_[i - first_];
      request_.add(labels_[i - first_], timestamp_ms, Fleet::value(spec, i, tick, options_.seed));
    }
    const std::string& body = request_.compressed();
    auto give_up = Clock::now() + std::chrono::duration<double>(options_.give_up_s);
    for (int delay_ms = 20;; delay_ms = std::min(delay_ms * 2, 2000)) {
      std::string text;
      const auto began = Clock::now();
      int status = post(*session_, options_.target, body, &text);
      latencies_.add(began);
      if (status / 100 == 2) break;
      bool later = status == 0 || status == 429 || status / 100 == 5;
      if (!later || Clock::now() > give_up) {
        std::fprintf(stderr, "tick %" PRIu64 ", series %" PRIu64 ": %d %s\n", tick, at, status, text.c_str());
        totals_->refused += count;
        return !later;
      }
      ++totals_->retries;
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    }
    journal_->acked(timestamp_ms, tick, at, count);
    totals_->samples += count;
    totals_->requests += 1;
    totals_->bytes += body.size();
    if (timestamp_ms > totals_->newest_ms.load()) totals_->newest_ms.store(timestamp_ms);
    pace(count);
    return true;
  }

  void pace(uint64_t count) {
    sent_ += count;
    if (options_.rate <= 0) return;
    double own_rate = options_.rate * static_cast<double>(end_ - first_) / static_cast<double>(options_.series);
    std::this_thread::sleep_until(started_ + std::chrono::duration_cast<Clock::duration>(
                                                 std::chrono::duration<double>(static_cast<double>(sent_) / own_rate)));
  }

  const Options& options_;
  const Fleet& fleet_;
  uint64_t first_, end_;
  Totals* totals_;
  const Journal* journal_;
  std::vector<SeriesSpec> specs_;
  std::vector<std::string> labels_;
  std::vector<uint32_t> generations_;
  double churn_due_ = 0;
  uint64_t churn_next_ = 0, sent_ = 0;
  WriteRequest request_;
  Latencies latencies_;
  std::unique_ptr<Poco::Net::HTTPClientSession> session_;
  Clock::time_point started_;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

bool read_targets(Options& options) {
  const bool urls = parse_target(options.url, &options.target) &&
                    (options.readers == 0 || parse_target(options.query_url, &options.dashboard.target));
  if (!urls) std::fprintf(stderr, "not an http or https URL: %s %s\n", options.url.c_str(), options.query_url.c_str());
  if (options.readers == 0) return urls;
  if (options.dashboard.queries.empty()) std::fprintf(stderr, "readers need --query\n");
  for (auto file : {&Target::cert_file, &Target::key_file, &Target::ca_file})
    options.dashboard.target.*file = options.target.*file;
  return urls && !options.dashboard.queries.empty();
}

int run(Options& options) {
  if (!read_targets(options)) return 2;
  if (options.seconds > 0 && options.ticks == 0) options.ticks = UINT32_MAX;
  if (options.ticks == 0) options.ticks = 100;
  if (options.start_ms == 0) {
    options.start_ms = std::time(nullptr) * 1000 / options.step_ms * options.step_ms -
                       static_cast<int64_t>(options.ticks) * options.step_ms;
  }
  Journal journal(options.journal);
  if (!options.journal.empty() && !journal.ok()) {
    std::perror(options.journal.c_str());
    return 2;
  }
  Fleet fleet(options.series, options.seed);
  Totals totals;
  totals.newest_ms = options.start_ms;
  std::vector<std::unique_ptr<Sender>> senders;
  for (uint64_t s = 0; s < options.senders; ++s) {
    senders.push_back(std::make_unique<Sender>(options, fleet, options.series * s / options.senders,
                                               options.series * (s + 1) / options.senders, &totals, &journal));
  }
  std::vector<std::unique_ptr<Reader>> readers;
  for (uint64_t r = 0; r < options.readers; ++r)
    readers.push_back(std::make_unique<Reader>(options.dashboard, r, totals.newest_ms));
  std::atomic<bool> stop{false};
  auto started = Clock::now();
  const double used = cpu_seconds();
  std::vector<std::thread> writing, reading;
  for (auto& sender : senders) writing.emplace_back([&sender] { sender->run(); });
  for (auto& reader : readers) reading.emplace_back([&reader, &stop] { reader->run(stop); });
  for (std::thread& thread : writing) thread.join();
  double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  stop = true;
  for (std::thread& thread : reading) thread.join();
  Latencies writes, queries;
  for (const auto& sender : senders) writes.merge(sender->latencies());
  uint64_t answers = 0, failures = 0, answered_bytes = 0;
  for (const auto& reader : readers) {
    queries.merge(reader->latencies());
    answers += reader->answers(), failures += reader->failures(), answered_bytes += reader->bytes();
  }
  std::printf("{\"acked_samples\":%" PRIu64 ",\"refused_samples\":%" PRIu64 ",\"requests\":%" PRIu64
              ",\"retries\":%" PRIu64 ",\"bytes\":%" PRIu64
              ",\"seconds\":%.3f,\"samples_per_second\":%.0f,\"start_ms\":%" PRId64 ",\"end_ms\":%" PRId64
              ",\"write_ms\":%s,\"queries\":%" PRIu64 ",\"failed_queries\":%" PRIu64 ",\"answered_bytes\":%" PRIu64
              ",\"query_ms\":%s,\"cpu_seconds\":%.3f}\n",
              totals.samples.load(), totals.refused.load(), totals.requests.load(), totals.retries.load(),
              totals.bytes.load(), seconds, static_cast<double>(totals.samples) / seconds, options.start_ms,
              options.seconds > 0 ? totals.newest_ms.load()
                                  : options.start_ms + static_cast<int64_t>(options.ticks - 1) * options.step_ms,
              writes.json().c_str(), answers, failures, answered_bytes, queries.json().c_str(), cpu_seconds() - used);
  return totals.refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace nightlight::load

int main(int argc, char** argv) {
  nightlight::load::Options options;
  CLI::App app("Writes made-up series to a remote-write endpoint and counts the acknowledged samples.");
  app.add_option("--url", options.url, "Endpoint, http or https")->capture_default_str();
  app.add_option("--series", options.series, "How many series")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--ticks", options.ticks, "Samples of each series (default: 100, or as many as --seconds let it)")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "End after so long, whatever has been written (needs --start-ms)");
  app.add_option("--step-ms", options.step_ms, "Simulated time between them")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--start-ms", options.start_ms, "Time of the first; by default so that the last is now");
  app.add_option("--batch", options.batch, "Samples of a request")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--senders", options.senders, "Connections")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("--rate", options.rate, "Samples a second of all senders; 0: no limit")->capture_default_str();
  app.add_option("--churn", options.churn_percent, "Percent of the series replaced per simulated hour")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Same seed, same samples")->capture_default_str();
  app.add_option("--give-up-s", options.give_up_s, "How long to repeat a request that could not be stored")
      ->capture_default_str();
  app.add_option("--journal", options.journal,
                 "File that gets a line per acknowledged request: time, tick, first series, count");
  app.add_option("--readers", options.readers, "Connections that ask --query while the senders write")
      ->check(CLI::Range(0, 256));
  app.add_option("--query-url", options.query_url, "Their endpoint, .../api/v1/query_range");
  app.add_option("--query", options.dashboard.queries,
                 "PromQL, # stands for the reader's number in five digits (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--range-ms", options.dashboard.range_ms, "How far back from the newest sample")
      ->capture_default_str();
  app.add_option("--query-step-ms", options.dashboard.step_ms, "Step of the queries")->capture_default_str();
  app.add_option("--pause-ms", options.dashboard.pause_ms, "Pause of a reader after each answer")
      ->capture_default_str();
  app.add_option("--cert", options.target.cert_file, "Client certificate (PEM)");
  app.add_option("--key", options.target.key_file, "Its key (PEM)");
  app.add_option("--ca", options.target.ca_file, "Authorities of the server's certificate (PEM)");
  CLI11_PARSE(app, argc, argv);
  return nightlight::load::run(options);
}
