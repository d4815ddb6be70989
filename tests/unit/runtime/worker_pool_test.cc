#include "runtime/worker_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <semaphore>

namespace nightlight::runtime {
namespace {

struct Counter final : Task {
  std::atomic<int> runs{0};
  void run() noexcept override { ++runs; }
};

struct Gate final : Task {
  std::binary_semaphore entered{0}, open{0};
  void run() noexcept override {
    entered.release();
    open.acquire();
  }
};

TEST_CASE("a full queue refuses, and what was accepted runs once, also when the pool ends") {
  Counter tasks[3];
  Gate gate;
  {
    WorkerPool pool(1, 2);
    REQUIRE(pool.submit(&gate, "test") == Code::kOk);
    gate.entered.acquire();  // The only thread is busy from here on.
    CHECK(pool.submit(&tasks[0], "test") == Code::kOk);
    CHECK(pool.submit(&tasks[1], "test") == Code::kOk);
    CHECK(pool.submit(&tasks[2], "test") == Code::kResourceExhausted);
    pool.refuse();
    CHECK(pool.submit(&tasks[2], "test") == Code::kUnavailable);
    gate.open.release();
  }
  CHECK(tasks[0].runs == 1);
  CHECK(tasks[1].runs == 1);
  CHECK(tasks[2].runs == 0);
}

}  // namespace
}  // namespace nightlight::runtime
