// An engine with all functions over a store in memory: what stands behind a frontend that is fuzzed.
#ifndef NIGHTLIGHT_TESTS_FUZZ_QUERY_WORLD_H_
#define NIGHTLIGHT_TESTS_FUZZ_QUERY_WORLD_H_

#include <cstdlib>

#include "promql/component.h"
#include "promql/memory_storage.h"
#include "promql/single_host.h"
#include "promql_std/library.h"

namespace nightlight::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

class QueryWorld {
 public:
  Engine& engine() {
    require(instance_.ok());
    return *instance_->as<Engine>(kEngineId);
  }
  // Gives the store series of every kind, with samples in the first minutes of 1970.
  void fill();

  test::SingleHost host;
  test::MemoryStorage storage{&host};

 private:
  promql_std::Library library_{&host};
  Result<test::RunningInstance> instance_ = test::RunningInstance::start(
      host, promql::component(), {{"max_samples", "10000"}, {"query_timeout", "10s"}},
      {{kStorageId, static_cast<Storage*>(&storage)}, {kFunctionLibraryId, static_cast<FunctionLibrary*>(&library_)}});
};

// Expressions, selectors and mistakes about what `fill` gives.
inline constexpr const char* kQueries[] = {
    "a",
    "rate(a[1m])",
    "sum by (job) (b)",
    "histogram_quantile(0.9, c_bucket)",
    "histogram_quantile(0.9, h)",
    "a * on (job) group_left (version) target_info",
    "{job=~\".+\"}",
    "a[2m:15s]",
    "label_replace(a, \"to\", \"$1\", \"job\", \"(.*)\")",
    "1 + 1",
    "\"text\"",
    "count_values(\"v\", a)",
    "{__name__=~\"a|b\",job!=\"y\"}",
    "{}",
    "a{",
    "sum(",
};

}  // namespace nightlight::fuzz

#endif  // NIGHTLIGHT_TESTS_FUZZ_QUERY_WORLD_H_
