#include "gorilla/compact/paced_bucket.h"

#include <algorithm>

namespace nightlight::gorilla {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

class PacedUpload final : public BucketUpload {
 public:
  PacedUpload(PacedBucket& bucket, std::unique_ptr<BucketUpload> upload)
      : bucket_(bucket), upload_(std::move(upload)) {}

  Result<void> append(const void* data, size_t size) override {
    NIGHTLIGHT_TRY(upload_->append(data, size));
    return bucket_.spend(size);
  }
  Result<std::string> commit() override { return upload_->commit(); }

 private:
  PacedBucket& bucket_;
  std::unique_ptr<BucketUpload> upload_;
};

}  // namespace

int64_t TokenBucket::take(uint64_t bytes, int64_t now_ns) {
  if (bytes_per_second_ == 0) return 0;
  const double cost_ns = static_cast<double>(bytes) * kSecondNs / static_cast<double>(bytes_per_second_);
  // A day of waiting is longer than anyone waits, and keeps the sum within its type.
  constexpr double kMost = 86400.0 * kSecondNs;
  paid_until_ns_ = std::max(paid_until_ns_, now_ns - kSecondNs) + static_cast<int64_t>(std::min(cost_ns, kMost));
  return std::max<int64_t>(0, paid_until_ns_ - now_ns);
}

Result<std::unique_ptr<BucketUpload>> PacedBucket::put(std::string_view key, const PutCondition& condition) {
  NIGHTLIGHT_ASSIGN(upload, bucket_.put(key, condition));
  return std::unique_ptr<BucketUpload>(std::make_unique<PacedUpload>(*this, std::move(upload)));
}

Result<void> PacedBucket::spend(uint64_t bytes) {
  const int64_t wait_ns = tokens_.take(bytes, clock_());
  if (wait_ns == 0 || wait_(wait_ns)) return {};
  return Error{Code::kCancelled, "stopped while waiting for its share of the disk"};
}

}  // namespace nightlight::gorilla
