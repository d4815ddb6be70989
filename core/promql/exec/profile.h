// What each operator of a query cost: for `analyze` and for traces. Queries that nobody asked about have none.
#ifndef NIGHTLIGHT_PROMQL_EXEC_PROFILE_H_
#define NIGHTLIGHT_PROMQL_EXEC_PROFILE_H_

#include <chrono>
#include <unordered_map>

#include "promql/exec/column_room.h"

namespace nightlight::promql {

struct OperatorCost {
  int64_t elapsed_ns = 0;  // With what is below it.
  int64_t series = 0;      // That came out.
  int64_t samples = 0;     // In them.
};

class Profile {
 public:
  OperatorCost& of(const Expr& expr) { return costs_[&expr]; }
  const OperatorCost* find(const Expr& expr) const {
    auto found = costs_.find(&expr);
    return found == costs_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<const Expr*, OperatorCost> costs_;  // References stay valid.
};

class CostTimer {
 public:
  explicit CostTimer(OperatorCost& cost) : cost_(cost), start_(std::chrono::steady_clock::now()) {}
  ~CostTimer() {
    cost_.elapsed_ns +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  OperatorCost& cost_;
  const std::chrono::steady_clock::time_point start_;
};

// Streams that count what passes through them.
VectorStreamPtr measured(VectorStreamPtr stream, const Domain& domain, OperatorCost& cost);
WindowStreamPtr measured(WindowStreamPtr stream, OperatorCost& cost);

}  // namespace nightlight::promql

#endif  // NIGHTLIGHT_PROMQL_EXEC_PROFILE_H_
