// Remote write 1.0: the message prometheus.WriteRequest.
#ifndef NIGHTLIGHT_REMOTE_WRITE_WRITE_V1_H_
#define NIGHTLIGHT_REMOTE_WRITE_WRITE_V1_H_

#include <string_view>

#include "base/result.h"
#include "remote_write/columns.h"

namespace nightlight::remote_write {

// Decodes a request into empty columns. Labels are not looked at: a series' key is its label fields as they came.
Result<void> decode_v1(std::string_view body, const SamplePolicy& policy, Columns& columns);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_WRITE_V1_H_
