// A store on a simulated disk, and a journal of what it was asked to keep: what tests of crashes and of whole lives
// share.
#ifndef NIGHTLIGHT_TESTS_UNIT_GORILLA_STORE_WORLD_H_
#define NIGHTLIGHT_TESTS_UNIT_GORILLA_STORE_WORLD_H_

#include <bit>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "fixtures.h"
#include "gorilla/file/simulated.h"
#include "gorilla/store.h"

namespace nightlight::gorilla {

// Samples by series (the value of the label "s") and time, as bits.
using Samples = std::map<std::string, std::map<int64_t, uint64_t>>;

class StoreWorld {
 public:
  explicit StoreWorld(uint64_t seed) : files(seed) {
    options.path = "data";
    options.wal_segment_bytes = 64 << 10;
    options.head.out_of_order_window_ms = 1800 * 1000;
    host.now = kBegin + 365 * int64_t{86400} * 1000;
  }
  ~StoreWorld() { close(); }

  Result<void> open() {
    store_.reset(new Store(&host, files, options));
    if (Status status = store_->start(); !status.ok()) return Error{status.code, std::string(view(host.last_error()))};
    return {};
  }
  // Without sealing: as a process that is killed, but for its threads.
  void close() { store_.reset(); }
  // As a process that is killed while the machine goes on: nothing that it would still do succeeds.
  void kill() {
    files.halt_at(1);
    close();
    files.go_on();
  }
  // With sealing, as a process that was asked to stop.
  bool stop() {
    bool clean = store_->drain(INT64_MAX).ok();
    close();
    return clean;
  }
  Store& store() { return *store_; }

  // Writes one sample to each of the series; true when it was acknowledged. Keeps the journal.
  bool write(const std::vector<std::string>& series, int64_t timestamp_ms, double value) {
    BatchBuilder builder;
    for (const std::string& name : series) {
      builder.series({{"__name__", "m"}, {"s", name}}, {{timestamp_ms, value}});
      sent[name].emplace(timestamp_ms, std::bit_cast<uint64_t>(value));
    }
    AppendResult result{};
    result.struct_size = sizeof result;
    if (!store_->append(&builder.batch(), &result).ok() || result.rejected > 0) return false;
    for (const std::string& name : series) acked[name].emplace(timestamp_ms, std::bit_cast<uint64_t>(value));
    return true;
  }

  // Hands every series whose name satisfies the matcher to `take`, with the set that knows its labels. "", or what
  // failed.
  template <class Take>
  std::string each_series(MatchOp op, std::string_view name, Take&& take) {
    auto failed = [&](const char* what) { return std::string(what) + ": " + std::string(view(host.last_error())); };
    Select select{};
    select.struct_size = sizeof select;
    select.start_ms = INT64_MIN;
    select.end_ms = INT64_MAX;
    select.flags = kSortedByLabels;
    Matcher matcher{sizeof(Matcher), op, str("__name__"), str(name)};
    const Matcher* matchers[] = {&matcher};
    select.matchers = view_of(matchers);
    SeriesSet* raw = nullptr;
    if (!store_->select(&select, &raw).ok()) return failed("select");
    Owned<SeriesSet> set(raw);
    std::string warnings;
    for (Str warning : set->warnings()) warnings += std::string(view(warning));
    SeriesCursor* raw_cursor = nullptr;
    if (!set->open(0, set->size(), &raw_cursor).ok()) return failed("open");
    Owned<SeriesCursor> cursor(raw_cursor);
    for (SeriesBatch batch{};;) {
      if (!cursor->next(&batch).ok()) return failed("next");
      if (batch.series.empty()) return warnings;
      for (const SeriesSamples* samples : batch.series) take(*set, *samples);
    }
  }

  // Everything that the store answers; "" in `wrong` unless a series is out of order or read in vain.
  Samples read(std::string* wrong) {
    Samples out;
    std::string disorder, last;
    *wrong = each_series(MatchOp::kEqual, "m", [&](SeriesSet& set, const SeriesSamples& s) {
      std::string name;
      for (LabelRef l : set.labels(s.series))
        if (view(set.symbols()[l.name]) == "s") name = view(set.symbols()[l.value]);
      if (!out.empty() && name <= last) disorder = name + " comes after " + last;
      last = name;
      auto& samples = out[name];
      for (uint64_t i = 0; i < s.values.size; ++i) {
        if (i > 0 && s.timestamps_ms[i] <= s.timestamps_ms[i - 1]) disorder = "times do not ascend in " + name;
        samples[s.timestamps_ms[i]] = std::bit_cast<uint64_t>(s.values[i]);
      }
    });
    if (!disorder.empty()) *wrong = disorder;
    return out;
  }

  // "" or the first promise that is broken: what was acknowledged is there, bit by bit, and nothing that was not sent.
  std::string broken_promise() {
    std::string wrong;
    Samples there = read(&wrong);
    if (!wrong.empty()) return wrong;
    for (const auto& [name, samples] : acked) {
      for (const auto& [time, bits] : samples) {
        auto at = there[name].find(time);
        if (at == there[name].end()) return "lost: " + name + " at " + std::to_string(time - kBegin);
        if (at->second != bits) return "changed: " + name + " at " + std::to_string(time - kBegin);
      }
    }
    for (const auto& [name, samples] : there) {
      for (const auto& [time, bits] : samples) {
        auto at = sent[name].find(time);
        if (at == sent[name].end() || at->second != bits)
          return "never sent: " + name + " at " + std::to_string(time - kBegin);
      }
    }
    return "";
  }

  static constexpr int64_t kBegin = int64_t{1'700'000'000'000} / 86'400'000 * 86'400'000;

  SimulatedFileSystem files;
  QuietHost host;
  StoreOptions options;
  Samples sent, acked;

 private:
  struct Release {
    void operator()(Store* store) const { store->release(); }
  };
  std::unique_ptr<Store, Release> store_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_TESTS_UNIT_GORILLA_STORE_WORLD_H_
