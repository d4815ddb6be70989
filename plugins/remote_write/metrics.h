// What the receiver counts.
#ifndef NIGHTLIGHT_REMOTE_WRITE_METRICS_H_
#define NIGHTLIGHT_REMOTE_WRITE_METRICS_H_

#include <cstddef>
#include <cstdint>

#include "nightlight/columns.h"
#include "nightlight/host.h"

namespace nightlight::remote_write {

enum class Protocol : uint8_t { kV1 = 0, kV2 = 1 };

// Why a request was answered with an error.
enum class Failure : uint8_t {
  kEncoding,     // 415: neither snappy nor zstd
  kTooLarge,     // 413
  kCorrupt,      // 400: does not decompress
  kContentType,  // 415
  kMessage,      // 400: no such protobuf message
  kRejected,     // 400: samples or series were refused
  kBusy,         // 429
  kUnavailable,  // 503
  kInternal,     // 500
};
inline constexpr size_t kFailureCount = 9;
inline constexpr size_t kReasonCount = 9;  // Of RejectReason.

struct Metrics {
  struct PerProtocol {
    uint64_t* requests;
    uint64_t* samples;
    uint64_t* histograms;
    uint64_t* exemplars;
    uint64_t* skipped_samples;  // Of series with invalid labels.
    uint64_t* dropped_samples;  // Not finite.
    uint64_t* rejected[kReasonCount];
  };
  PerProtocol protocol[2];
  uint64_t* failures[kFailureCount];

  // [control] Registers everything.
  Status configure(Host* host);
  PerProtocol& of(Protocol p) { return protocol[static_cast<size_t>(p)]; }
};

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_METRICS_H_
