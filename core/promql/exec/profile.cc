#include "promql/exec/profile.h"

namespace nightlight::promql {
namespace {

class MeasuredVector final : public VectorStream {
 public:
  MeasuredVector(VectorStreamPtr stream, const Domain& domain, OperatorCost& cost)
      : stream_(std::move(stream)), domain_(domain), cost_(cost) {}

  Result<const Column*> next() override {
    CostTimer timer(cost_);
    Result<const Column*> out = stream_->next();
    if (out.ok() && *out != nullptr) {
      ++cost_.series;
      cost_.samples += sample_count(**out, domain_);
    }
    return out;
  }
  bool distinct_without_name() const override { return stream_->distinct_without_name(); }

 private:
  VectorStreamPtr stream_;
  const Domain& domain_;
  OperatorCost& cost_;
};

class MeasuredWindows final : public WindowStream {
 public:
  MeasuredWindows(WindowStreamPtr stream, OperatorCost& cost) : stream_(std::move(stream)), cost_(cost) {}

  Result<const WindowSeries*> next() override {
    CostTimer timer(cost_);
    Result<const WindowSeries*> out = stream_->next();
    if (out.ok() && *out != nullptr) ++cost_.series;
    return out;
  }
  bool distinct_without_name() const override { return stream_->distinct_without_name(); }

 private:
  WindowStreamPtr stream_;
  OperatorCost& cost_;
};

}  // namespace

VectorStreamPtr measured(VectorStreamPtr stream, const Domain& domain, OperatorCost& cost) {
  return std::make_unique<MeasuredVector>(std::move(stream), domain, cost);
}

WindowStreamPtr measured(WindowStreamPtr stream, OperatorCost& cost) {
  return std::make_unique<MeasuredWindows>(std::move(stream), cost);
}

}  // namespace nightlight::promql
