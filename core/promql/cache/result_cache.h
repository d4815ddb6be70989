// Answers to range queries, kept for whoever asks again, a little later.
#ifndef NIGHTLIGHT_PROMQL_CACHE_RESULT_CACHE_H_
#define NIGHTLIGHT_PROMQL_CACHE_RESULT_CACHE_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "nightlight/function.h"

namespace nightlight::promql {

// The answer to a range query whose samples are all floats. Never changes once it is made.
struct CachedAnswer {
  // A series, in views of `pairs`, `values` and `valid`.
  struct Series {
    View<LabelPair> labels;
    const double* values;   // One per step.
    const uint64_t* valid;  // A bit per step.
  };

  int64_t start_ms = 0;
  uint64_t steps = 0;
  // Storage::generation(tenant, INT64_MAX) before the oldest part was computed.
  uint64_t generation = 0;
  std::vector<Series> series;  // Sorted by labels.
  uint64_t size_bytes = 0;     // Of everything.

  std::unique_ptr<char[]> text;
  std::unique_ptr<LabelPair[]> pairs;
  std::unique_ptr<double[]> values;
  std::unique_ptr<uint64_t[]> valid;
};

// Of all that was put, what was used last, up to a number of bytes. Any thread.
class ResultCache {
 public:
  explicit ResultCache(uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Null when there is none.
  std::shared_ptr<const CachedAnswer> find(const std::string& key);
  // Takes the place of what the key had. What is larger than an eighth of the capacity is not kept.
  void put(const std::string& key, std::shared_ptr<const CachedAnswer> answer);
  // Drops what is too much now; 0 turns the cache off.
  void set_capacity(uint64_t capacity_bytes);

  bool on() const { return capacity_bytes_.load(std::memory_order_relaxed) > 0; }
  uint64_t most_answer_bytes() const { return capacity_bytes_.load(std::memory_order_relaxed) / 8; }
  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const CachedAnswer> answer;
    uint64_t size_bytes() const { return answer->size_bytes + 2 * key.size() + 256; }
  };
  using Entries = std::list<Entry>;

  void remove(Entries::iterator entry) REQUIRES(mutex_);
  void trim() REQUIRES(mutex_);

  std::atomic<uint64_t> capacity_bytes_, used_bytes_{0};
  Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);  // The last used one first.
  std::unordered_map<std::string, Entries::iterator> by_key_ GUARDED_BY(mutex_);
};

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_CACHE_RESULT_CACHE_H_
