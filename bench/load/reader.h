// A dashboard: asks its range queries one after the other over one connection, again and again, up to the newest sample
// that was acknowledged.
#ifndef NIGHTLIGHT_BENCH_LOAD_READER_H_
#define NIGHTLIGHT_BENCH_LOAD_READER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "latencies.h"
#include "sender.h"

namespace nightlight::load {

struct Dashboard {
  Target target;                     // Its path is that of query_range.
  std::vector<std::string> queries;  // "#" stands for the reader's number, in five digits.
  int64_t range_ms = 3'600'000, step_ms = 15'000, pause_ms = 0;
};

class Reader {
 public:
  Reader(const Dashboard& dashboard, uint64_t number, const std::atomic<int64_t>& newest_ms)
      : dashboard_(dashboard), number_(number), newest_ms_(newest_ms) {}

  void run(const std::atomic<bool>& stop);

  const Latencies& latencies() const { return latencies_; }
  uint64_t answers() const { return answers_; }
  uint64_t failures() const { return failures_; }
  uint64_t bytes() const { return bytes_; }

 private:
  void ask(Poco::Net::HTTPClientSession& session, const std::string& query);

  const Dashboard& dashboard_;
  const uint64_t number_;
  const std::atomic<int64_t>& newest_ms_;
  Latencies latencies_;
  uint64_t answers_ = 0, failures_ = 0, bytes_ = 0;
};

}  // namespace nightlight::load

#endif  // NIGHTLIGHT_BENCH_LOAD_READER_H_
