// Remote write 2.0: the message io.prometheus.write.v2.Request, whose strings stand once in a table of symbols.
#ifndef NIGHTLIGHT_REMOTE_WRITE_WRITE_V2_H_
#define NIGHTLIGHT_REMOTE_WRITE_WRITE_V2_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "remote_write/columns.h"

namespace nightlight::remote_write {

// What is wrong with parts of a request that are otherwise stored, in the words of the answer.
struct V2Faults {
  std::vector<std::string> texts;
  uint64_t samples = 0;  // Lost with their series.
};

// Decodes a request into empty columns. Series whose symbols cannot be looked up, and series without a sample, are left
// out and told of in `faults`.
Result<void> decode_v2(std::string_view body, const SamplePolicy& policy, Columns& columns, V2Faults& faults);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_WRITE_V2_H_
