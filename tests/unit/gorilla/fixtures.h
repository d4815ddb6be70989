// What the tests of head, log and store share: logs in memory, a host that answers errors.
#ifndef NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_
#define NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "fakes/write_batch.h"
#include "gorilla/log/ingest_log.h"
#include "nightlight/sugar.h"

namespace nightlight::gorilla {

using fakes::BatchBuilder;
using fakes::Labels;
using fakes::Rejections;

// A log that keeps the bytes of its batches.
class MemoryLog final : public IngestLog {
 public:
  Result<ReplayStats> replay(uint64_t after,
                             const std::function<Result<void>(uint64_t, const LogBatch&)>& each) override {
    ReplayStats stats;
    for (size_t i = after; i < records.size(); ++i) {
      DecodedBatch decoded;
      NIGHTLIGHT_TRY(decoded.decode(records[i]));
      NIGHTLIGHT_TRY(each(i + 1, decoded.batch()));
      ++stats.records;
    }
    return stats;
  }
  void skip_to(uint64_t) override {}
  Result<void> ready() override { return {}; }
  uint64_t append(const LogBatch& batch) override {
    records.emplace_back();
    encode_batch(batch, records.back());
    return records.size();
  }
  Result<void> wait(uint64_t) override { return {}; }
  Result<void> flush() override { return {}; }
  void prepare() override {}
  Result<void> cut() override { return {}; }
  Result<void> trim(uint64_t) override { return {}; }
  LogStats stats() const override { return {}; }

  std::vector<std::string> records;
};

// Answers errors and nothing else.
class QuietHost final : public Host {
 public:
  void* query(Str) noexcept override { return nullptr; }
  Status fail(Code code, Str text) noexcept override {
    error() = view(text);
    return Status{code, 0};
  }
  Str last_error() noexcept override { return str(error()); }
  uint32_t log_enabled(LogLevel) noexcept override { return 0; }
  void log(LogLevel, Str, View<KeyValue>) noexcept override {}
  Status metric(const MetricSpec*, MetricCells* out) noexcept override {
    *out = MetricCells{counts_, &number_};
    return kOkStatus;
  }
  int64_t now_ms() noexcept override { return now; }
  int64_t monotonic_ns() noexcept override { return 0; }
  Status submit(Task*) noexcept override { return fail(Code::kUnavailable, str("no threads here")); }

  std::atomic<int64_t> now{0};

 private:
  static std::string& error() {
    thread_local std::string text;
    return text;
  }
  uint64_t counts_[64] = {};
  double number_ = 0;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_TESTS_UNIT_GORILLA_FIXTURES_H_
