// prometheus.ReadRequest: what a remote reader asks for.
#ifndef NIGHTLIGHT_REMOTE_READ_READ_REQUEST_H_
#define NIGHTLIGHT_REMOTE_READ_READ_REQUEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/storage.h"

namespace nightlight::remote_read {

enum class ResponseType : int32_t { kSamples = 0, kStreamedXorChunks = 1 };

struct ReadQuery {
  int64_t start_ms = 0, end_ms = 0;  // Both inclusive.
  std::vector<Matcher> matchers;     // Their text lies in the request's body.
  int64_t step_ms = 0, range_ms = 0;
  std::string_view function;
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  std::vector<int32_t> accepted_types;  // In the reader's order of preference; unknown ones included.
};

// Views of the request point into `body`. kInvalidArgument when it is no such message.
Result<ReadRequest> parse_read_request(std::string_view body);

// The first accepted type that is known; kSamples for an empty list. kInvalidArgument when none is known.
Result<ResponseType> choose_response_type(const std::vector<int32_t>& accepted);

}  // namespace nightlight::remote_read

#endif  // NIGHTLIGHT_REMOTE_READ_READ_REQUEST_H_
