// A bucket that is written to no faster than a rate: compaction must leave the disk to the log and to queries. What is
// read stands in proportion to what is written, so one rate bounds both.
#ifndef NIGHTLIGHT_GORILLA_COMPACT_PACED_BUCKET_H_
#define NIGHTLIGHT_GORILLA_COMPACT_PACED_BUCKET_H_

#include <cstdint>
#include <functional>

#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {

// Tokens of one byte, that come at a rate and are kept for a second at most. One thread at a time.
class TokenBucket {
 public:
  // Full at the beginning. 0: no limit.
  explicit TokenBucket(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Takes tokens, on credit when there are too few: for how many nanoseconds the taker has to wait.
  int64_t take(uint64_t bytes, int64_t now_ns);

 private:
  const uint64_t bytes_per_second_;
  int64_t paid_until_ns_ = INT64_MIN;  // When everything that was taken will have come.
};

// Everything goes to `bucket`; appends to uploads take tokens and call `wait` with the nanoseconds that are due.
// kCancelled when that answers false. Puts are one at a time, everything else as for any bucket. Borrows all of it.
class PacedBucket final : public Bucket {
 public:
  using Clock = std::function<int64_t()>;  // Nanoseconds that never go back.
  using Wait = std::function<bool(int64_t ns)>;

  PacedBucket(Bucket& bucket, TokenBucket& tokens, Clock clock, Wait wait)
      : bucket_(bucket), tokens_(tokens), clock_(std::move(clock)), wait_(std::move(wait)) {}

  Result<std::unique_ptr<BucketUpload>> put(std::string_view key, const PutCondition& condition) override;
  Result<std::shared_ptr<const BucketObject>> open(std::string_view key) override { return bucket_.open(key); }
  Result<ObjectHead> head(std::string_view key) override { return bucket_.head(key); }
  Result<std::vector<std::string>> list(std::string_view prefix) override { return bucket_.list(prefix); }
  Result<void> remove(std::string_view key) override { return bucket_.remove(key); }

  // Takes the tokens of so many bytes, and waits.
  Result<void> spend(uint64_t bytes);

 private:
  Bucket& bucket_;
  TokenBucket& tokens_;
  const Clock clock_;
  const Wait wait_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_COMPACT_PACED_BUCKET_H_
